/* Runs the fetching script in a process group of its own, with a clean environment, and watches it.
 * SPDX-License-Identifier: MIT */
#include "adapt/fetch/fetch.h"

#include "base/clock.h"
#include "base/embed.h"
#include "base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

EMBED_FILE(fetch_script, "deploy/fetch-source");

#define OUTPUT_MAX (256u * 1024)
#define GRACE_MS 5000 /* to clean up after SIGTERM */
#define SCRIPT_FD 3

/* What the script gets of our environment: how this machine reaches its package archive. */
static const char *const kept_names[] = {"APT_CONFIG",  "http_proxy", "https_proxy",
                                         "HTTPS_PROXY", "no_proxy",   "HOME"};

enum { KEPT = sizeof kept_names / sizeof kept_names[0], FIXED = 3 };

static int memory_file(const char *bytes, size_t len)
{
    int fd = memfd_create("fetch", MFD_CLOEXEC);
    if (fd >= 0 &&
        (files_write_all(fd, bytes, len) != RESULT_OK || lseek(fd, 0, SEEK_SET) != 0)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static void environment_make(char *out[FIXED + KEPT + 1], char **owned, size_t *count)
{
    size_t n = 0;
    out[n++] = (char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    out[n++] = (char *)"LC_ALL=C";
    out[n++] = (char *)"FETCH_PREFIX=";
    *count = 0;
    for (size_t i = 0; i < KEPT; i++) {
        const char *value = getenv(kept_names[i]);
        char *pair = NULL;
        if (value != NULL && asprintf(&pair, "%s=%s", kept_names[i], value) >= 0)
            out[n++] = owned[(*count)++] = pair;
    }
    out[n] = NULL;
}

static int start(const struct fetch_job *job, int script, int rows, int output,
                 pid_t *out_pid)
{
    char *environment[FIXED + KEPT + 1], *owned[KEPT];
    size_t count;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    environment_make(environment, owned, &count);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, rows, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    posix_spawn_file_actions_adddup2(&actions, script, SCRIPT_FD);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF);
    char *arguments[] = {(char *)"bash", (char *)"/dev/fd/3", (char *)"--exact",
                         (char *)job->folder, NULL};
    int error =
        posix_spawn(out_pid, "/bin/bash", &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    for (size_t i = 0; i < count; i++)
        free(owned[i]);
    return error;
}

enum fetch_end { FETCH_ENDED, FETCH_LATE, FETCH_CANCELLED };

/* Reads what it says until it ends, or until it must be ended. */
static enum fetch_end watch(const struct fetch_job *job, int fd, int64_t deadline,
                            struct text_buffer *out)
{
    char bytes[4096];
    for (;;) {
        struct pollfd waits[2] = {{fd, POLLIN, 0}, {job->wake_fd, POLLIN, 0}};
        int64_t left = deadline - clock_monotonic_ms();
        if (left <= 0)
            return FETCH_LATE;
        if (poll(waits, 2, (int)left) < 0 && errno != EINTR)
            return FETCH_LATE;
        if (job->cancel != NULL && atomic_load(job->cancel))
            return FETCH_CANCELLED;
        if (waits[0].revents == 0)
            continue;
        ssize_t got = read(fd, bytes, sizeof bytes);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return FETCH_ENDED;
        text_append(out, bytes, (size_t)got); /* what is beyond the limit is dropped */
    }
}

/* Ends the group, with a moment to clean up; gives the exit status, -1: killed. */
static int finish(pid_t pid, int fd, enum fetch_end end)
{
    struct fetch_job patience = {.wake_fd = -1};
    TEXT_BUFFER_OWNED rest = {.limit = 1};
    int status = 0;
    if (end != FETCH_ENDED) {
        kill(-pid, SIGTERM);
        (void)watch(&patience, fd, clock_monotonic_ms() + GRACE_MS, &rest);
        kill(-pid, SIGKILL);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The last line that is not empty; TEXT is cut there. */
static const char *last_line(char *text)
{
    size_t len = text != NULL ? strlen(text) : 0;
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == ' '))
        text[--len] = '\0';
    const char *line = len > 0 ? strrchr(text, '\n') : NULL;
    return line != NULL ? line + 1 : len > 0 ? text : "it said nothing";
}

static enum result judge(const struct fetch_job *job, enum fetch_end end, int status,
                         const struct text_buffer *out, struct problem *problem)
{
    if (end == FETCH_CANCELLED)
        return problem_set(problem, RESULT_BUSY, "cancelled", "the build was cancelled");
    if (end == FETCH_LATE)
        return problem_set(problem, RESULT_FAILED, "no-source",
                           "fetching third-party sources took more than %u seconds",
                           job->seconds);
    if (status == 0)
        return RESULT_OK;
    TEXT_OWNED char *said = out->data != NULL ? strdup(out->data) : NULL;
    return problem_set(problem, RESULT_FAILED, "no-source", "%s", last_line(said));
}

enum result fetch_sources(const struct fetch_job *job, struct text_buffer *out,
                          struct problem *problem)
{
    int script = memory_file(fetch_script_bytes, fetch_script_len);
    int rows = memory_file(job->rows, strlen(job->rows));
    int output[2] = {-1, -1};
    pid_t pid = -1;
    bool started = script >= 0 && rows >= 0 && pipe2(output, O_CLOEXEC) == 0 &&
                   start(job, script, rows, output[1], &pid) == 0;
    enum result result = RESULT_OK;
    const int spent[] = {script, rows, output[1]};
    for (size_t i = 0; i < sizeof spent / sizeof spent[0]; i++)
        if (spent[i] >= 0)
            close(spent[i]);
    if (started) {
        out->limit = OUTPUT_MAX;
        enum fetch_end end = watch(
            job, output[0], clock_monotonic_ms() + (int64_t)job->seconds * 1000, out);
        int status = finish(pid, output[0], end);
        if (out->data != NULL)
            text_sanitise_block(out->data);
        result = judge(job, end, status, out, problem);
    } else {
        result = problem_set(problem, RESULT_IO, "no-source",
                             "the script that fetches sources cannot be started");
    }
    if (output[0] >= 0)
        close(output[0]);
    return result;
}
