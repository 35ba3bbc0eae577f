/* A plug-in for make: `make run` passes signals on to what it runs, and ends with that program's exit code.
 * SPDX-License-Identifier: MIT
 *
 * By itself make answers Ctrl-C (or TERM, HUP) by ending as killed by the signal, even when the program that it ran has
 * cleaned up and exited with 0. Loaded by the rule of `run` only.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

int plugin_is_GPL_compatible;

int signals_gmk_setup(void);

/* Only calls that are safe in a handler: the kernel lists our children as numbers with a blank behind each. */
static void pass_on(int signal_number)
{
    char list[512];
    long child = 0;
    int file = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    ssize_t len = file < 0 ? 0 : read(file, list, sizeof list);

    for (ssize_t i = 0; i < len; i++) {
        if (list[i] >= '0' && list[i] <= '9') {
            child = child * 10 + (list[i] - '0');
        } else {
            if (child > 0)
                kill((pid_t)child, signal_number);
            child = 0;
        }
    }
    if (file >= 0)
        close(file);
}

int signals_gmk_setup(void)
{
    static const int passed_on[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = pass_on, .sa_flags = SA_RESTART};

    for (size_t i = 0; i < sizeof passed_on / sizeof passed_on[0]; i++)
        sigaction(passed_on[i], &action, NULL);
    return 1;
}
