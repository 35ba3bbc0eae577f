/* Exercises the machine's echo service from the host. */
/* SPDX-License-Identifier: MIT */
#include "drops.h"
#include "peer.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK_LEN = 65536, PATIENCE_MS = 15000, QUIET_US = 3000000 };

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static int open_socket(int kind, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, kind | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Sends LEN bytes and receives them back; the first byte that differs or is missing, LEN if none. */
static size_t exchange(int fd, size_t len)
{
    static _Thread_local uint8_t block[BLOCK_LEN];
    size_t sent = 0, received = 0;
    while (received < len) {
        struct pollfd poller = {.fd = fd,
                                .events = (short)(POLLIN | (sent < len ? POLLOUT : 0))};
        if (poll(&poller, 1, PATIENCE_MS) <= 0)
            return received;
        if (poller.revents & POLLOUT) {
            size_t n = len - sent < BLOCK_LEN ? len - sent : BLOCK_LEN;
            for (size_t i = 0; i < n; i++)
                block[i] = pattern_byte(sent + i);
            ssize_t done = send(fd, block, n, MSG_DONTWAIT | MSG_NOSIGNAL);
            sent += done > 0 ? (size_t)done : 0;
        }
        if (poller.revents & (POLLIN | POLLHUP | POLLERR)) {
            ssize_t n = recv(fd, block, BLOCK_LEN, MSG_DONTWAIT);
            if (n <= 0)
                return received;
            for (ssize_t i = 0; i < n; i++, received++)
                if (block[i] != pattern_byte(received))
                    return received;
        }
    }
    return received;
}

int echo_tcp(size_t len, char *out, size_t cap)
{
    int fd = open_socket(SOCK_STREAM, peer_tcp_port);
    uint64_t begin = now_us();
    size_t same = fd >= 0 ? exchange(fd, len) : 0;
    snprintf(out, cap, "%zu of %zu bytes came back in %llu ms", same, len,
             (unsigned long long)(now_us() - begin) / 1000);
    if (fd >= 0)
        close(fd);
    return same == len ? 0 : -1;
}

int echo_connections(unsigned count, char *out, size_t cap)
{
    unsigned good = 0;
    for (; good < count; good++) {
        int fd = open_socket(SOCK_STREAM, peer_tcp_port);
        size_t same = fd >= 0 ? exchange(fd, 100) : 0;
        if (fd >= 0)
            close(fd);
        if (same != 100)
            break;
    }
    snprintf(out, cap, "%u of %u connections", good, count);
    return good == count ? 0 : -1;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_in address = {0};
    socklen_t len = sizeof address;
    (void)!getsockname(fd, (struct sockaddr *)&address, &len);
    return ntohs(address.sin_port);
}

/* Numbered messages at a steady rate; answers are counted until none has come for QUIET_US: on a busy host one takes seconds.
 * What this host dropped is not the machine's loss. */
int echo_udp(unsigned count, unsigned interval_us, volatile sig_atomic_t *end, char *out,
             size_t cap)
{
    static _Thread_local uint8_t seen[ECHO_UDP_MAX];
    int fd = open_socket(SOCK_DGRAM, peer_udp_port);
    unsigned sent = 0, received = 0, doubled = 0, dropped = 0;
    uint64_t begin = now_us(), give_up = UINT64_MAX;
    if (fd < 0 || count > ECHO_UDP_MAX)
        return -1;
    memset(seen, 0, sizeof seen);
    unsigned dropped_before = udp_drops(peer_udp_port, port_of(fd));
    while (now_us() < give_up && received < count) {
        uint64_t next = begin + (uint64_t)sent * interval_us, now = now_us();
        if (end != NULL && *end && sent < count)
            count = sent;
        if (sent < count && now >= next) {
            uint32_t number = sent++;
            (void)!send(fd, &number, sizeof number, 0);
            continue;
        }
        if (sent >= count && give_up == UINT64_MAX)
            give_up = now + QUIET_US;
        struct timespec wait = {
            .tv_nsec = sent < count && next > now ? (long)(next - now) * 1000 : 1000000};
        struct pollfd poller = {.fd = fd, .events = POLLIN};
        uint32_t number;
        if (ppoll(&poller, 1, &wait, NULL) <= 0 ||
            recv(fd, &number, sizeof number, MSG_DONTWAIT) != sizeof number ||
            number >= sent)
            continue;
        doubled += seen[number];
        received += !seen[number];
        seen[number] = 1;
        if (sent >= count)
            give_up = now_us() + QUIET_US;
    }
    dropped = udp_drops(peer_udp_port, port_of(fd)) - dropped_before;
    close(fd);
    snprintf(out, cap, "%u of %u messages, %u doubled, %u dropped by the host", received,
             count, doubled, dropped);
    return received + dropped >= count && received > 0 && doubled == 0 ? 0 : -1;
}

int echo_stream_until(volatile sig_atomic_t *end, size_t block_len, char *out, size_t cap)
{
    int fd = open_socket(SOCK_STREAM, peer_tcp_port);
    uint64_t rounds = 0, slowest_us = 0;
    bool good = fd >= 0;
    while (good && !*end) {
        uint64_t begin = now_us();
        good = exchange(fd, block_len) == block_len;
        uint64_t took_us = now_us() - begin;
        slowest_us = took_us > slowest_us ? took_us : slowest_us;
        rounds++;
    }
    if (fd >= 0)
        close(fd);
    snprintf(out, cap, "%llu blocks of %zu bytes, slowest %llu ms",
             (unsigned long long)rounds, block_len, (unsigned long long)slowest_us / 1000);
    return good && rounds > 0 ? 0 : -1;
}
