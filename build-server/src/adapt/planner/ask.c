/* Runs a planner process and waits for its answer.
 * SPDX-License-Identifier: MIT */
#include "adapt/planner/planner.h"

#include "base/clock.h"
#include "base/files.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 30000
#define ANSWER_MAX (8u * 1024 * 1024)

extern char **environ;

/* A file in memory that holds TEXT, at its beginning. -1 on failure. */
static int question_file(const char *text)
{
    int fd = memfd_create("question", MFD_CLOEXEC);
    if (fd < 0)
        return -1;
    if (files_write_all(fd, text, strlen(text)) != RESULT_OK ||
        lseek(fd, 0, SEEK_SET) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static int start(int input, int output, pid_t *out_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    char *arguments[] = {(char *)"neurathd-planner", (char *)"--planner", NULL};
    int error = posix_spawn(out_pid, "/proc/self/exe", &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* Reads until the end; false when it took too long or was too much. */
static bool read_answer(int fd, struct text_buffer *buffer)
{
    int64_t deadline = clock_monotonic_ms() + PATIENCE_MS;
    char bytes[65536];
    for (;;) {
        struct pollfd wait = {fd, POLLIN, 0};
        int64_t left = deadline - clock_monotonic_ms();
        if (left <= 0 || buffer->failed || poll(&wait, 1, (int)left) == 0)
            return false;
        ssize_t got = read(fd, bytes, sizeof bytes);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0;
        text_append(buffer, bytes, (size_t)got);
    }
}

enum result planner_ask(const json_t *question, json_t **out_answer,
                        struct problem *problem)
{
    TEXT_OWNED char *text = json_text(question);
    if (text == NULL)
        return RESULT_MEMORY;
    int input = question_file(text);
    int output[2] = {-1, -1};
    pid_t pid = -1;
    if (input < 0 || pipe2(output, O_CLOEXEC) != 0 || start(input, output[1], &pid) != 0) {
        for (size_t i = 0; i < 2; i++) {
            if (output[i] >= 0)
                close(output[i]);
        }
        if (input >= 0)
            close(input);
        return problem_set(problem, RESULT_IO, "planner", "the planner cannot be started");
    }
    close(input);
    close(output[1]);
    TEXT_BUFFER_OWNED answer = {.limit = ANSWER_MAX};
    bool whole = read_answer(output[0], &answer);
    close(output[0]);
    if (!whole)
        kill(pid, SIGKILL);
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (!whole || status != 0 || answer.data == NULL ||
        json_read(answer.data, answer.len, out_answer, NULL) != RESULT_OK)
        return problem_set(problem, RESULT_FAILED, "planner",
                           "the planner gave up on these objects (status %d)", status);
    return RESULT_OK;
}
