/* A second host on the machine's wire, by hand: pings it over IPv6. */
/* SPDX-License-Identifier: MIT */
#include "peer.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* RFC 8200, 3 (the head); RFC 4443, 4 (echo); RFC 4861, 4.3 and 4.4 (neighbours). */
enum { ETHER_LEN = 14, IP_LEN = 40, ICMP_AT = ETHER_LEN + IP_LEN, FRAME_MAX = 1514 };
enum { ECHO_REQUEST = 128, ECHO_REPLY = 129, SOLICITATION = 135, ADVERTISEMENT = 136 };
enum { PATIENCE_MS = 5000, PAYLOAD_LEN = 1000 };

struct host {
    uint8_t mac[6], ip[16];
};

/* The link-local addresses that go with QEMU's first card, and ours. */
static const struct host machine = {
    {0x52, 0x54, 0, 0x12, 0x34, 0x56},
    {0xfe, 0x80, [8] = 0x50, 0x54, 0, 0xff, 0xfe, 0x12, 0x34, 0x56}};
static const struct host we = {{0x52, 0x54, 0, 0, 0, 0x99}, {0xfe, 0x80, [15] = 0x99}};

static uint16_t checksum(const uint8_t *frame, size_t icmp_len)
{
    uint32_t sum = (uint32_t)icmp_len + IPPROTO_ICMPV6;
    for (size_t i = ETHER_LEN + 8; i < ICMP_AT + icmp_len; i += 2)
        sum += (uint32_t)frame[i] << 8 | (i + 1 < ICMP_AT + icmp_len ? frame[i + 1] : 0);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

/* Puts the heads in front of the message at ICMP_AT and sends it to the machine. */
static void send_icmp(int fd, uint8_t *frame, size_t icmp_len)
{
    memcpy(frame, machine.mac, 6);
    memcpy(frame + 6, we.mac, 6);
    frame[12] = 0x86;
    frame[13] = 0xdd;
    const uint8_t head[8] = {
        0x60, 0, 0, 0, (uint8_t)(icmp_len >> 8), (uint8_t)icmp_len, IPPROTO_ICMPV6, 255};
    memcpy(frame + ETHER_LEN, head, sizeof head);
    memcpy(frame + ETHER_LEN + 8, we.ip, 16);
    memcpy(frame + ETHER_LEN + 24, machine.ip, 16);
    frame[ICMP_AT + 2] = frame[ICMP_AT + 3] = 0;
    uint16_t sum = checksum(frame, icmp_len);
    frame[ICMP_AT + 2] = (uint8_t)(sum >> 8);
    frame[ICMP_AT + 3] = (uint8_t)sum;
    (void)!send(fd, frame, ICMP_AT + icmp_len, 0);
}

static void send_request(int fd, uint16_t number)
{
    uint8_t frame[FRAME_MAX] = {0}, *icmp = frame + ICMP_AT;
    icmp[0] = ECHO_REQUEST;
    icmp[4] = 'N';
    icmp[6] = (uint8_t)(number >> 8);
    icmp[7] = (uint8_t)number;
    for (unsigned i = 0; i < PAYLOAD_LEN; i++)
        icmp[8 + i] = pattern_byte(i);
    send_icmp(fd, frame, 8 + PAYLOAD_LEN);
}

static void send_advertisement(int fd)
{
    uint8_t frame[FRAME_MAX] = {0}, *icmp = frame + ICMP_AT;
    icmp[0] = ADVERTISEMENT;
    icmp[4] = 0x60; /* solicited, override */
    memcpy(icmp + 8, we.ip, 16);
    icmp[24] = 2; /* target link-layer address */
    icmp[25] = 1;
    memcpy(icmp + 26, we.mac, 6);
    send_icmp(fd, frame, 32);
}

static bool is_reply(const uint8_t *icmp, size_t len, uint16_t number)
{
    if (len != 8 + PAYLOAD_LEN || icmp[0] != ECHO_REPLY || icmp[4] != 'N' ||
        (icmp[6] << 8 | icmp[7]) != number)
        return false;
    for (unsigned i = 0; i < PAYLOAD_LEN; i++)
        if (icmp[8 + i] != pattern_byte(i))
            return false;
    return true;
}

/* Answers the machine's question who we are until the reply to NUMBER has come. */
static bool await_reply(int fd, uint16_t number)
{
    uint8_t frame[2048];
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    for (unsigned i = 0; i < 1000 && poll(&poller, 1, PATIENCE_MS) > 0; i++) {
        ssize_t n = recv(fd, frame, sizeof frame, 0);
        if (n < ICMP_AT + 8 || frame[12] != 0x86 || frame[13] != 0xdd ||
            frame[ETHER_LEN + 6] != IPPROTO_ICMPV6)
            continue;
        const uint8_t *icmp = frame + ICMP_AT;
        size_t len = (size_t)(frame[ETHER_LEN + 4] << 8 | frame[ETHER_LEN + 5]);
        if (icmp[0] == SOLICITATION && n >= ICMP_AT + 24 &&
            memcmp(icmp + 8, we.ip, 16) == 0)
            send_advertisement(fd);
        else if ((size_t)n >= ICMP_AT + len && is_reply(icmp, len, number))
            return true;
    }
    return false;
}

int neighbour_ping6(unsigned count, char *out, size_t cap)
{
    struct sockaddr_in here = {.sin_family = AF_INET,
                               .sin_port = htons(PEER_WIRE_PORT),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in there = here;
    there.sin_port = htons(PEER_WIRE_PORT + 1);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    unsigned answered = 0;
    if (fd >= 0 && bind(fd, (struct sockaddr *)&here, sizeof here) == 0 &&
        connect(fd, (struct sockaddr *)&there, sizeof there) == 0)
        for (; answered < count; answered++) {
            send_request(fd, (uint16_t)answered);
            if (!await_reply(fd, (uint16_t)answered))
                break;
        }
    if (fd >= 0)
        close(fd);
    snprintf(out, cap, "%u of %u pings answered", answered, count);
    return answered == count ? 0 : -1;
}
