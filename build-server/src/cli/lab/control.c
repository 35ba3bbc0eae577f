/* Talks to a supervisor over its socket.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "../view.h"
#include "supervisor.h"

static int connect_to(const struct lab *lab, struct failure *failure)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval limit = {.tv_sec = 30};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%.90s/lab.sock", lab->sockets);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        if (fd >= 0) {
            close(fd);
        }
        failure_set(failure, "lab-down", "the lab in %s is not up", lab->state);
        failure_remedy(failure, "start it with `neurath lab up`");
        return -1;
    }
    return fd;
}

/* Sends REQUEST as one line; false if the other end is gone. */
static bool send_line(int fd, const json_t *request)
{
    char *text = json_dumps(request, JSON_COMPACT);
    bool sent = text != NULL && dprintf(fd, "%s\n", text) > 0;

    free(text);
    return sent;
}

/* Reads up to the end of the line or of the connection. GIVES the text (free()). */
static char *read_line(int fd)
{
    char *line = NULL;
    size_t len = 0;

    for (;;) {
        char *grown = realloc(line, len + 4096);
        ssize_t got = 0;
        if (grown == NULL) {
            break;
        }
        line = grown;
        line[len] = '\0';
        got = read(fd, line + len, 4095);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        len += (size_t)got;
        line[len] = '\0';
        if (line[len - 1] == '\n') {
            break;
        }
    }
    return line;
}

bool supervisor_ask(const struct lab *lab, const json_t *request, json_t **out,
                    struct failure *failure)
{
    int fd = connect_to(lab, failure);
    json_t *answer = NULL;
    char *line = NULL;

    if (fd < 0) {
        return false;
    }
    line = send_line(fd, request) ? read_line(fd) : NULL;
    close(fd);
    answer = line ? json_loads(line, 0, NULL) : NULL;
    free(line);
    if (answer == NULL) {
        failure_set(failure, "lab-silent", "the lab's supervisor does not answer");
        return failure_remedy(failure, "see %s/log/lab.log", lab->state);
    }
    if (json_is_string(json_object_get(answer, "code"))) {
        failure_set(failure, view_text(answer, "code", "lab"), "%s",
                    view_text(answer, "text", ""));
        failure_remedy(failure, "%s", view_text(answer, "remedy", ""));
        json_decref(answer);
        return false;
    }
    *out = answer;
    return true;
}

bool supervisor_stop(const struct lab *lab, struct failure *failure)
{
    int fd = connect_to(lab, failure);
    json_t *request = NULL;
    long pid = 0;

    if (fd < 0) {
        return false;
    }
    request = json_pack("{s:s}", "op", "stop");
    if (send_line(fd, request)) {
        free(read_line(fd));
    }
    json_decref(request);
    close(fd);
    for (int i = 0; i < 200 && lab_is_up(lab, &pid); i++) {
        struct timespec rest = {0, 20000000};
        nanosleep(&rest, NULL);
    }
    if (lab_is_up(lab, &pid)) {
        failure_set(failure, "lab-stays",
                    "the lab's supervisor (process %ld) does not end", pid);
        return failure_remedy(failure, "see %s/log/lab.log", lab->state);
    }
    return true;
}
