/* Pulls the machine's network cable out for a while, by QEMU's monitor. */
/* SPDX-License-Identifier: MIT */
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Sends one command and waits for its line of answer; events are passed over. */
static int command(FILE *monitor, const char *text)
{
    char line[1024];
    if (dprintf(fileno(monitor), "%s\n", text) < 0)
        return -1;
    while (fgets(line, sizeof line, monitor) != NULL)
        if (strncmp(line, "{\"return\"", 9) == 0)
            return 0;
        else if (strncmp(line, "{\"error\"", 8) == 0)
            return -1;
    return -1;
}

static FILE *monitor_open(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return NULL;
    }
    return fd >= 0 ? fdopen(fd, "r") : NULL;
}

int link_pull(unsigned ms)
{
    const char *path = getenv("NETWORK_PEER_QMP");
    FILE *monitor = path != NULL ? monitor_open(path) : NULL;
    if (monitor == NULL)
        return -1;
    int code = command(monitor, "{\"execute\": \"qmp_capabilities\"}");
    if (code == 0)
        code = command(monitor, "{\"execute\": \"set_link\", \"arguments\": {\"name\": "
                                "\"card\", \"up\": false}}");
    usleep(ms * 1000);
    if (code == 0)
        code = command(monitor, "{\"execute\": \"set_link\", \"arguments\": {\"name\": "
                                "\"card\", \"up\": true}}");
    fclose(monitor);
    return code;
}
