/* Ports: what can be listened on, and one that stays free while its owner restarts.
 * SPDX-License-Identifier: MIT */
#include "base/port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

/* Below are the well-known ports and those that people give to their own services most. */
#define LOWEST 10000u
#define TRIES 200

bool port_is_free(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    int yes = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    bool is_free =
        bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 1) == 0;
    close(fd);
    return is_free;
}

/* The first port of outgoing connections. */
static unsigned outgoing_lowest(void)
{
    unsigned lowest = 32768;
    FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
    if (file == NULL)
        return lowest;
    if (fscanf(file, "%u", &lowest) != 1 || lowest <= LOWEST)
        lowest = 32768;
    fclose(file);
    return lowest;
}

unsigned port_find_free(void)
{
    unsigned end = outgoing_lowest();
    for (int tries = 0; tries < TRIES; tries++) {
        uint32_t random = 0;
        if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
            return 0;
        unsigned port = LOWEST + random % (end - LOWEST);
        if (port_is_free(port))
            return port;
    }
    return 0;
}
