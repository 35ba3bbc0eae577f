/* Starts processes that die with their parent.
 * SPDX-License-Identifier: MIT */
#include "child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

pid_t child_spawn(const char *const words[], int out, int err)
{
    pid_t parent = getpid();
    pid_t child = fork();
    sigset_t none;
    int null = -1;

    if (child != 0) {
        return child;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(127);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(null, STDIN_FILENO);
    dup2(out >= 0 ? out : null, STDOUT_FILENO);
    dup2(err >= 0 ? err : null, STDERR_FILENO);
    execvp(words[0], (char *const *)words);
    dprintf(STDERR_FILENO, "cannot run %s\n", words[0]);
    _exit(127);
}

int child_open_log(const char *path)
{
    struct stat status;
    char old[4200];

    if (stat(path, &status) == 0 && status.st_size > (16 << 20)) {
        snprintf(old, sizeof(old), "%s.1", path);
        rename(path, old);
    }
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

int64_t child_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
