/* `console` and `log`: the serial line of a machine of the lab.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "command.h"
#include "lab/machine.h"
#include "text.h"
#include "view.h"
#include "watch.h"

enum { LEAVE = 0x1d /* Ctrl-] */, TAIL_MAX = 4 << 20, LINES_DEFAULT = 50 };

/* Finds the machine NAME (or id, as the server knows it) of the lab. */
static bool find_machine(const struct invocation *invocation, struct lab *lab,
                         char *out_name, struct failure *failure)
{
    char state[PLACE_PATH_MAX];

    if (!place_state(state, failure) || !lab_load(state, lab, failure)) {
        return false;
    }
    for (unsigned i = 0; i < lab->machine_count; i++) {
        if (strcmp(lab->machines[i].name, invocation->argument[0]) == 0) {
            snprintf(out_name, LAB_NAME_MAX, "%s", lab->machines[i].name);
            return true;
        }
    }
    failure_set(failure, "not-found", "the lab has no machine '%s'",
                invocation->argument[0]);
    return failure_remedy(failure, "`neurath lab status` lists them");
}

/* Prints the last LINES lines of TEXT. */
static void print_tail(char *text, size_t len, long lines)
{
    char *start = text + len;

    if (start > text && start[-1] == '\n') {
        start--;
    }
    while (start > text) {
        if (start[-1] == '\n' && --lines == 0) {
            break;
        }
        start--;
    }
    text_clean(start);
    fputs(start, stdout);
}

/* Carriage returns and the sequences that erase a line are the serial line's habit, not content. */
static size_t drop_returns(char *text, size_t len)
{
    size_t out = 0;

    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\033' && i + 1 < len && text[i + 1] == '[') {
            i += 2;
            while (i < len && (unsigned char)text[i] >= 0x20 &&
                   (unsigned char)text[i] < 0x40) {
                i++;
            }
        } else if (text[i] != '\r' && text[i] != '\0') {
            text[out++] = text[i];
        }
    }
    text[out] = '\0';
    return out;
}

/* Prints what is added to the file, until a signal. */
static bool follow(const char *path, off_t at, struct failure *failure)
{
    int notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    char bytes[65537];

    watch_catch_signals();
    inotify_add_watch(notify, path, IN_MODIFY);
    while (*watch_stop_flag() == 0) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        struct stat status;
        ssize_t got = 0;
        struct pollfd wait = {.fd = notify, .events = POLLIN};
        if (fd < 0 || fstat(fd, &status) != 0) {
            return failure_set(failure, "not-found", "%s is gone", path);
        }
        at = status.st_size < at ? 0 : at;
        while ((got = pread(fd, bytes, sizeof(bytes) - 1, at)) > 0) {
            at += got;
            drop_returns(bytes, (size_t)got);
            text_clean(bytes);
            fputs(bytes, stdout);
        }
        close(fd);
        fflush(stdout);
        poll(&wait, 1, 1000);
        while (read(notify, bytes, sizeof(bytes)) > 0) {
        }
    }
    close(notify);
    return true;
}

bool command_log(const struct invocation *invocation, enum outcome *out_outcome,
                 struct failure *failure)
{
    static struct lab lab;
    char name[LAB_NAME_MAX], path[PLACE_PATH_MAX];
    long lines = LINES_DEFAULT;
    size_t len = 0;
    char *text = NULL;

    (void)out_outcome;
    if (!invocation_number(invocation, OPTION_LIMIT, 1, 1000000, &lines, failure) ||
        !find_machine(invocation, &lab, name, failure) ||
        !lab_machine_path(&lab, name, "console.log", path, failure)) {
        return false;
    }
    text = place_read_file(path, &len);
    if (text == NULL) {
        return failure_set(failure, "not-found", "%s has said nothing yet", name);
    }
    print_tail(text, drop_returns(text, len), lines);
    free(text);
    fflush(stdout);
    return !invocation_has(invocation, OPTION_FOLLOW) || follow(path, (off_t)len, failure);
}

/* Copies both ways until the line or the terminal ends, or Ctrl-] is typed. */
static void converse(int line, bool terminal)
{
    struct pollfd ends[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
                             {.fd = line, .events = POLLIN}};
    char bytes[4096];

    while (poll(ends, 2, -1) >= 0 || errno == EINTR) {
        if (*watch_stop_flag() != 0) {
            return;
        }
        if (ends[1].revents != 0) {
            ssize_t got = read(line, bytes, sizeof(bytes));
            if (got <= 0 || write(STDOUT_FILENO, bytes, (size_t)got) < 0) {
                return;
            }
        }
        if (ends[0].revents != 0) {
            ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));
            char *leave = got > 0 ? memchr(bytes, LEAVE, (size_t)got) : NULL;
            if (leave != NULL && terminal) {
                return;
            }
            if (got <= 0) {
                ends[0].fd = -1; /* the end of a pipe: listen on */
            } else if (write(line, bytes, (size_t)got) < 0) {
                return;
            }
        }
    }
}

static int connect_line(const struct lab *lab, const char *name, struct failure *failure)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char path[160];
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    machine_socket(lab, name, "serial", path, sizeof(path));
    snprintf(address.sun_path, sizeof(address.sun_path), "%.100s", path);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        if (fd >= 0) {
            close(fd);
        }
        failure_set(failure, "machine-off", "%s is not running", name);
        failure_remedy(failure, "`neurath lab up` starts it");
        return -1;
    }
    return fd;
}

bool command_console(const struct invocation *invocation, enum outcome *out_outcome,
                     struct failure *failure)
{
    static struct lab lab;
    char name[LAB_NAME_MAX];
    struct termios before, raw;
    bool terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;
    int line = -1;

    (void)out_outcome;
    if (!find_machine(invocation, &lab, name, failure) ||
        (line = connect_line(&lab, name, failure)) < 0) {
        return false;
    }
    watch_catch_signals();
    if (terminal) {
        printf("console of %s; Ctrl-] leaves\n", name);
        fflush(stdout);
        raw = before;
        cfmakeraw(&raw);
        raw.c_oflag = before.c_oflag;
        tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
    converse(line, terminal);
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSANOW, &before);
        putchar('\n');
    }
    close(line);
    return true;
}
