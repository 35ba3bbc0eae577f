/* Sends numbered UDP messages to a machine's echo at a steady rate, and says when each was sent and when it came back. */
/* SPDX-License-Identifier: MIT */
#include "../../kernel/network/peer/drops.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* gap PORT INTERVAL-US: until SIGTERM, then a line "SENT RECEIVED DROPPED" for each message: in microseconds of the clock on
 * the wall, RECEIVED 0 for those that never came back; and how many messages this host itself had dropped by then, which the
 * machine has not lost. Answers are waited for a second after the last message. */

enum {
    MESSAGES_MAX = 2000000,
    PATIENCE_US = 1000000,
    LOOK_MESSAGES = 20, /* between two looks at what the host has dropped */
};

struct message {
    uint64_t sent;
    uint64_t received;
    uint32_t dropped;
};

static struct message messages[MESSAGES_MAX];
static volatile sig_atomic_t ends;

static void end(int number)
{
    (void)number;
    ends = 1;
}

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static int open_socket(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    perror("gap");
    exit(1);
}

static uint16_t port_of(int fd)
{
    struct sockaddr_in address = {0};
    socklen_t len = sizeof address;
    (void)!getsockname(fd, (struct sockaddr *)&address, &len);
    return ntohs(address.sin_port);
}

/* Waits for an answer until NEXT; notes it. */
static void receive(int fd, uint64_t next, uint32_t count)
{
    uint64_t now = now_us();
    struct timespec wait = {.tv_nsec = next > now ? (long)(next - now) * 1000 : 0};
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    uint32_t number;
    if (ppoll(&poller, 1, &wait, NULL) <= 0 ||
        recv(fd, &number, sizeof number, MSG_DONTWAIT) != sizeof number || number >= count)
        return;
    if (!messages[number].received)
        messages[number].received = now_us();
}

int main(int argc, char **argv)
{
    uint32_t count = 0;
    if (argc != 3) {
        fputs("usage: gap PORT INTERVAL-US\n", stderr);
        return 2;
    }
    uint16_t port = (uint16_t)atoi(argv[1]);
    int fd = open_socket(port);
    uint16_t own = port_of(fd);
    unsigned dropped = 0;
    uint64_t interval = strtoull(argv[2], NULL, 10);
    uint64_t begin = now_us();
    signal(SIGTERM, end);
    while (!ends && count < MESSAGES_MAX) {
        uint64_t next = begin + count * interval;
        if (now_us() < next) {
            receive(fd, next, count);
            continue;
        }
        if (count % LOOK_MESSAGES == 0)
            dropped = udp_drops(port, own);
        messages[count].dropped = dropped;
        messages[count].sent = now_us();
        (void)!send(fd, &count, sizeof count, 0);
        count++;
    }
    for (uint64_t over = now_us() + PATIENCE_US; now_us() < over;)
        receive(fd, now_us() + 10000, count);
    for (uint32_t i = 0; i < count; i++)
        printf("%llu %llu %u\n", (unsigned long long)messages[i].sent,
               (unsigned long long)messages[i].received, messages[i].dropped);
    close(fd);
    return 0;
}
