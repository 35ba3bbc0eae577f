/* A name server that knows three names: one has an IPv4 address, one an IPv6 address, one has both; no others exist. */
/* SPDX-License-Identifier: MIT */
#include "peer.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* RFC 1035, 4.1 */
enum { HEAD_LEN = 12, MESSAGE_MAX = 512, TYPE_A = 1, TYPE_AAAA = 28, NAME_UNKNOWN = 3 };

/* What the user network of QEMU calls this host. */
static const struct record {
    const char *name;
    int family;
    const char *address;
} records[] = {
    {PEER_NAME_4, AF_INET, "10.0.2.2"},
    {PEER_NAME_6, AF_INET6, "fec0::2"},
    {PEER_NAME_BOTH, AF_INET, "10.0.2.2"},
    {PEER_NAME_BOTH, AF_INET6, "fec0::2"},
};

/* Writes the question's name as text; gives the length of the whole question, 0: it is malformed. */
static size_t question_read(const uint8_t *message, size_t len, char out[256])
{
    size_t at = HEAD_LEN, used = 0;
    while (at < len && message[at] != 0) {
        size_t label = message[at];
        if (label > 63 || at + 1 + label >= len || used + label + 1 >= 256)
            return 0;
        memcpy(out + used, message + at + 1, label);
        used += label;
        out[used++] = '.';
        at += 1 + label;
    }
    out[used > 0 ? used - 1 : 0] = 0;
    return at + 5 <= len ? at + 5 - HEAD_LEN : 0;
}

/* Makes the question in MESSAGE the answer to itself; its length, 0: none. */
static size_t answer(uint8_t message[MESSAGE_MAX], size_t len)
{
    char name[256];
    size_t question = len > HEAD_LEN ? question_read(message, len, name) : 0;
    if (question == 0)
        return 0;
    len = HEAD_LEN + question;
    const struct record *record = NULL;
    bool exists = false;
    int type = message[len - 4] << 8 | message[len - 3];
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
        if (strcasecmp(name, records[i].name) != 0)
            continue;
        exists = true;
        if (type == (records[i].family == AF_INET ? TYPE_A : TYPE_AAAA))
            record = &records[i];
    }
    memset(message + 6, 0, 6); /* no answers, nothing more */
    message[2] = 0x81;         /* a response, recursion was desired */
    message[3] = 0x80 | (exists ? 0 : NAME_UNKNOWN);
    if (record == NULL)
        return len;
    size_t address_len = record->family == AF_INET ? 4 : 16;
    const uint8_t head[12] = {
        0xc0, HEAD_LEN, (uint8_t)(type >> 8), (uint8_t)type, 0, 1, 0, 0, 0,
        60,   0,        (uint8_t)address_len};
    memcpy(message + len, head, sizeof head);
    inet_pton(record->family, record->address, message + len + sizeof head);
    message[7] = 1;
    return len + sizeof head + address_len;
}

static void *names_task(void *arg)
{
    int fd = *(int *)arg;
    uint8_t message[MESSAGE_MAX];
    struct sockaddr_storage from;
    for (;;) {
        socklen_t from_len = sizeof from;
        ssize_t n = recvfrom(fd, message, MESSAGE_MAX / 2, 0, (struct sockaddr *)&from,
                             &from_len);
        size_t len = n > 0 ? answer(message, (size_t)n) : 0;
        if (len > 0)
            (void)!sendto(fd, message, len, 0, (struct sockaddr *)&from, from_len);
    }
    return NULL;
}

static void names_serve(int *fd, const struct sockaddr *address, socklen_t len)
{
    pthread_t thread;
    *fd = socket(address->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (*fd < 0 || bind(*fd, address, len) != 0 ||
        pthread_create(&thread, NULL, names_task, fd) != 0) {
        perror("network-peer: the name server does not start");
        exit(1);
    }
}

void names_start(void)
{
    static int fd, fd6;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(53),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 address6 = {.sin6_family = AF_INET6,
                                    .sin6_port = htons(53),
                                    .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    names_serve(&fd, (struct sockaddr *)&address, sizeof address);
    names_serve(&fd6, (struct sockaddr *)&address6, sizeof address6);
}
