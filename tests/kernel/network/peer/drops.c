/* Reads what this host has dropped. */
/* SPDX-License-Identifier: MIT */
#include "drops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

unsigned udp_drops(uint16_t a, uint16_t b)
{
    FILE *table = fopen("/proc/net/udp", "re");
    char line[512];
    unsigned sum = 0;
    while (table != NULL && fgets(line, sizeof line, table) != NULL) {
        unsigned port;
        if (sscanf(line, " %*d: %*8[0-9A-F]:%4X", &port) != 1 || (port != a && port != b))
            continue;
        size_t end = strlen(line);
        while (end > 0 && (line[end - 1] == ' ' || line[end - 1] == '\n'))
            line[--end] = 0;
        const char *drops = strrchr(line, ' ');
        sum += drops != NULL ? (unsigned)strtoul(drops, NULL, 10) : 0;
    }
    if (table != NULL)
        fclose(table);
    return sum;
}
