/* The repository's hook: installed by the service, run by git at the end of a push.
 * SPDX-License-Identifier: MIT */
#include "pipeline/steps.h"

#include "base/files.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* TEXT between single quotes for the shell. */
static void quote(struct text_buffer *out, const char *text)
{
    text_append(out, "'", 1);
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            text_append(out, "'\\''", 4);
        else
            text_append(out, text, 1);
    }
    text_append(out, "'", 1);
}

enum result push_install_hook(struct server *server, struct problem *problem)
{
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    if (len <= 0)
        return problem_set(problem, RESULT_IO, "hook",
                           "the program's own path is not known");
    self[len] = '\0';
    TEXT_OWNED char *run = server_path(server, "run");
    TEXT_OWNED char *folder = server_path(server, "repo.git/hooks");
    TEXT_OWNED char *path = files_path("%s/post-receive", folder);
    TEXT_BUFFER_OWNED script = {0};
    text_appendf(&script,
                 "#!/bin/sh\n# Tells the update service of a push and shows its answer; "
                 "written by neurathd at each start.\nexec ");
    quote(&script, self);
    text_appendf(&script, " --push-hook ");
    quote(&script, run);
    text_appendf(&script, "\n");
    enum result result = files_make_folder(folder, 0755);
    if (result == RESULT_OK)
        result = files_write_durable(path, script.data, script.len, 0755);
    if (result != RESULT_OK)
        problem_set(problem, result, "hook", "%s: %s", path, result_name(result));
    return result;
}

static int connect_service(const char *folder)
{
    int folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/push.sock",
             folder_fd);
    bool connected = folder_fd >= 0 && fd >= 0 &&
                     connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (folder_fd >= 0)
        close(folder_fd);
    if (connected)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Prints what the service says, up to the line `end`. */
static void show_answer(FILE *answer)
{
    char *line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, answer) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, "end") == 0)
            break;
        text_sanitise_line(line);
        printf("neurath: %s\n", line);
        fflush(stdout);
    }
    free(line);
}

int push_hook(const char *socket_folder)
{
    TEXT_BUFFER_OWNED request = {.limit = 65536};
    char *line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, stdin) > 0)
        text_append(&request, line, strlen(line));
    free(line);
    text_appendf(&request, "end\n");
    int fd = connect_service(socket_folder);
    FILE *answer = fd < 0 ? NULL : fdopen(fd, "r");
    if (answer == NULL || request.data == NULL ||
        send(fd, request.data, request.len, MSG_NOSIGNAL) != (ssize_t)request.len) {
        printf("neurath: stored; the update service is not running and will build it "
               "when it starts\n");
        return 0;
    }
    show_answer(answer);
    fclose(answer);
    return 0;
}
