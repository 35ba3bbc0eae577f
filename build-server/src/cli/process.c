/* Starts other programs and waits for them.
 * SPDX-License-Identifier: MIT */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child: sets up folder and files, then becomes the program. */
[[gnu::noreturn]] static void become(const char *const words[], const char *folder,
                                     int out, int err)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    dup2(null, STDIN_FILENO);
    dup2(out >= 0 ? out : null, STDOUT_FILENO);
    dup2(err >= 0 ? err : null, STDERR_FILENO);
    if (folder == NULL || chdir(folder) == 0) {
        execvp(words[0], (char *const *)words);
    }
    _exit(127);
}

static int wait_for(pid_t child)
{
    int status = 0;

    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return -1;
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool process_capture(const char *const words[], const char *folder, char *out,
                     size_t out_len)
{
    int ends[2];
    size_t len = 0;
    pid_t child = -1;

    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    child = fork();
    if (child == 0) {
        become(words, folder, ends[1], -1);
    }
    close(ends[1]);
    for (;;) {
        char rest[4096];
        ssize_t got = len + 1 < out_len ? read(ends[0], out + len, out_len - 1 - len)
                                        : read(ends[0], rest, sizeof(rest));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        len += len + 1 < out_len ? (size_t)got : 0;
    }
    out[len] = '\0';
    close(ends[0]);
    return child > 0 && wait_for(child) == 0;
}

int process_run(const char *const words[], const char *folder, const char *log)
{
    int file = log ? open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    pid_t child = fork();
    int status = -1;

    if (child == 0) {
        become(words, folder, log ? file : STDOUT_FILENO, log ? file : STDERR_FILENO);
    }
    if (child > 0) {
        status = wait_for(child);
    }
    if (file >= 0) {
        close(file);
    }
    return status;
}

bool process_find(const char *program, char *out, size_t out_len)
{
    const char *path = getenv("PATH");

    for (const char *at = path ? path : "/usr/bin:/bin"; *at != '\0';) {
        size_t len = strcspn(at, ":");
        snprintf(out, out_len, "%.*s/%s", (int)len, at, program);
        if (len > 0 && access(out, X_OK) == 0) {
            return true;
        }
        at += len + (at[len] == ':');
    }
    return false;
}
