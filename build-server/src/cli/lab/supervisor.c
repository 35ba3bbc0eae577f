/* The supervisor's life: detach, loop, end.
 * SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../text.h"
#include "child.h"
#include "supervisor_private.h"

enum { STOP_GRACE_MS = 6000, POLL_MAX = CLIENTS_MAX + 4 };

void supervisor_log(struct supervisor *supervisor, const char *format, ...)
{
    struct timespec now;
    struct tm parts;
    char line[1024];
    va_list arguments;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    text_clean_line(line);
    fprintf(supervisor->log, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ %s\n",
            parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
            parts.tm_min, parts.tm_sec, now.tv_nsec / 1000000, line);
    fflush(supervisor->log);
}

void supervisor_begin_stop(struct supervisor *supervisor)
{
    if (supervisor->stopping) {
        return;
    }
    supervisor->stopping = true;
    supervisor->kill_ms = child_now_ms() + STOP_GRACE_MS;
    supervisor_log(supervisor, "stopping");
    for (unsigned i = 0; i < supervisor->lab->machine_count; i++) {
        if (supervisor->machines[i].pid > 0) {
            kill(supervisor->machines[i].pid, SIGKILL);
        }
    }
    if (supervisor->events > 0) {
        kill(supervisor->events, SIGKILL);
    }
    if (supervisor->server > 0) {
        kill(supervisor->server, SIGTERM);
    }
}

/* Takes the end of whichever children have ended. Strays that were left to us (we are the
 * subreaper) end here too. */
static void reap(struct supervisor *supervisor)
{
    int status = 0;
    pid_t pid = 0;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == supervisor->server) {
            supervisor_server_ended(supervisor, status);
        } else if (pid == supervisor->events) {
            supervisor->events = -1;
        }
        for (unsigned i = 0; i < supervisor->lab->machine_count; i++) {
            if (supervisor->machines[i].pid == pid) {
                supervisor_machine_ended(supervisor, i, status);
            }
        }
    }
}

static void take_signals(struct supervisor *supervisor)
{
    struct signalfd_siginfo info;

    while (read(supervisor->signal_fd, &info, sizeof(info)) == sizeof(info)) {
        if (info.ssi_signo == SIGCHLD) {
            reap(supervisor);
        } else {
            supervisor_begin_stop(supervisor);
        }
    }
}

/* True while a child of ours lives. */
static bool children_live(const struct supervisor *supervisor)
{
    bool live = supervisor->server > 0 || supervisor->events > 0;

    for (unsigned i = 0; i < supervisor->lab->machine_count; i++) {
        live |= supervisor->machines[i].pid > 0;
    }
    return live;
}

/* Kills whatever is still below us: children, and strays that became ours. */
static void kill_rest(void)
{
    char path[64], pids[4096];
    ssize_t got = 0;
    int fd = -1;

    snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
    for (int round = 0; round < 20; round++) {
        fd = open(path, O_RDONLY | O_CLOEXEC);
        got = fd >= 0 ? read(fd, pids, sizeof(pids) - 1) : 0;
        if (fd >= 0) {
            close(fd);
        }
        if (got <= 0) {
            return;
        }
        pids[got] = '\0';
        for (char *at = pids, *end = NULL; *at != '\0'; at = end) {
            long pid = strtol(at, &end, 10);
            if (end == at) {
                break;
            }
            kill((pid_t)pid, SIGKILL);
            waitpid((pid_t)pid, NULL, 0);
        }
    }
}

/* How long the loop may sleep: until the next thing that is due by the clock. */
static int next_due(const struct supervisor *supervisor)
{
    int64_t now = child_now_ms();
    int64_t due = now + 60000;

    if (supervisor->stopping) {
        due = supervisor->kill_ms;
    } else {
        if (supervisor->server < 0 && supervisor->server_retry_ms < due) {
            due = supervisor->server_retry_ms;
        }
        for (unsigned i = 0;
             i < supervisor->lab->machine_count && supervisor->server_ready; i++) {
            if (supervisor->machines[i].state == MACHINE_WAITING &&
                supervisor->machines[i].retry_ms < due) {
                due = supervisor->machines[i].retry_ms;
            }
        }
    }
    return due > now ? (int)(due - now) : 0;
}

static void loop_once(struct supervisor *supervisor)
{
    struct pollfd fds[POLL_MAX] = {
        {.fd = supervisor->signal_fd, .events = POLLIN},
        {.fd = supervisor->listen_fd, .events = POLLIN},
        {.fd = supervisor->server_out, .events = POLLIN},
        {.fd = supervisor->events_in, .events = POLLIN},
    };

    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        fds[4 + i] = (struct pollfd){.fd = supervisor->clients[i].fd, .events = POLLIN};
    }
    if (poll(fds, POLL_MAX, next_due(supervisor)) < 0 && errno != EINTR) {
        supervisor_log(supervisor, "poll: %s", strerror(errno));
        supervisor_begin_stop(supervisor);
        return;
    }
    if (fds[2].revents != 0) {
        supervisor_read_server(supervisor);
    }
    if (fds[0].revents != 0) {
        take_signals(supervisor);
    }
    if (fds[3].revents != 0 && supervisor->events_in >= 0) {
        supervisor_read_events(supervisor);
    }
    if (fds[1].revents != 0) {
        supervisor_accept(supervisor);
    }
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        if (fds[4 + i].revents != 0 && supervisor->clients[i].fd == fds[4 + i].fd) {
            supervisor_read_client(supervisor, &supervisor->clients[i]);
        }
    }
}

static void loop(struct supervisor *supervisor)
{
    while (!supervisor->stopping || children_live(supervisor)) {
        struct failure failure;

        loop_once(supervisor);
        if (supervisor->stopping) {
            if (child_now_ms() >= supervisor->kill_ms) {
                supervisor_log(supervisor, "the server does not end; it is killed");
                break;
            }
            continue;
        }
        if (supervisor->server < 0 && child_now_ms() >= supervisor->server_retry_ms &&
            !supervisor_start_server(supervisor, &failure)) {
            supervisor_log(supervisor, "%s", failure.text);
            supervisor->server_retry_ms = child_now_ms() + 2000;
        }
        supervisor_boot_due(supervisor);
    }
    kill_rest();
}

static int open_socket(const struct lab *lab)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%.90s/lab.sock", lab->sockets);
    unlink(address.sun_path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(fd, 8) != 0) {
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

/* Removes the sockets and the files that say that something runs. */
static void clean_up(const struct supervisor *supervisor)
{
    const struct lab *lab = supervisor->lab;
    char path[PLACE_PATH_MAX + 300];
    struct failure ignored;
    DIR *folder = opendir(lab->sockets);
    struct dirent *entry = NULL;

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        snprintf(path, sizeof(path), "%s/%s", lab->sockets, entry->d_name);
        unlink(path);
    }
    if (folder != NULL) {
        closedir(folder);
    }
    rmdir(lab->sockets);
    if (lab_path(lab, "run/status.json", path, &ignored)) {
        unlink(path);
    }
    if (lab_path(lab, "run/lab.pid", path, &ignored)) {
        unlink(path);
    }
}

/* The supervisor itself; does not return. Stays in the state's folder of the tree's disk. */
[[gnu::noreturn]] static void supervise(struct lab *lab, int lock_fd, int notify_fd)
{
    static struct supervisor supervisor;
    struct failure failure;
    char path[PLACE_PATH_MAX], pid[24];
    sigset_t signals;
    int log = -1;

    supervisor = (struct supervisor){.lab = lab,
                                     .lock_fd = lock_fd,
                                     .notify_fd = notify_fd,
                                     .server = -1,
                                     .server_out = -1,
                                     .events = -1,
                                     .events_in = -1};
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        supervisor.clients[i].fd = -1;
    }
    for (size_t i = 0; i < LAB_MACHINES_MAX; i++) {
        supervisor.machines[i] =
            (struct supervised){.choice = MACHINE_BOOT_DESIRED, .pid = -1};
    }
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    prctl(PR_SET_NAME, "neurath-lab");
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    supervisor.signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (!lab_path(lab, "log/lab.log", path, &failure) ||
        (log = child_open_log(path)) < 0 || (supervisor.log = fdopen(log, "a")) == NULL ||
        (supervisor.listen_fd = open_socket(lab)) < 0 ||
        !lab_path(lab, "run/lab.pid", path, &failure)) {
        dprintf(notify_fd, "failed cannot open the lab's log or socket: %s\n",
                strerror(errno));
        _exit(1);
    }
    snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
    if (!place_write_file(path, pid, strlen(pid), 0600, &failure) ||
        !supervisor_start_server(&supervisor, &failure)) {
        dprintf(notify_fd, "failed %s\n", failure.text);
        clean_up(&supervisor);
        _exit(1);
    }
    loop(&supervisor);
    supervisor_log(&supervisor, "stopped");
    clean_up(&supervisor);
    _exit(0);
}

/* Takes the lab's lock; a lab that is just stopping gets a moment to go. */
static int take_lock(const struct lab *lab, struct failure *failure)
{
    char path[PLACE_PATH_MAX];
    int fd = -1;

    if (!lab_path(lab, "lab.lock", path, failure)) {
        return -1;
    }
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        failure_set(failure, "cannot-write", "cannot open %s: %s", path, strerror(errno));
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        failure_set(failure, "lab-up", "the lab in %s is up already", lab->state);
        return -1;
    }
    return fd;
}

bool supervisor_start(struct lab *lab, struct failure *failure)
{
    int ends[2];
    int lock_fd = -1;
    char line[1024] = "";
    size_t len = 0;
    pid_t child = -1;

    if (!lab_socket_folder(lab, true, failure) || (lock_fd = take_lock(lab, failure)) < 0) {
        return false;
    }
    if (pipe2(ends, O_CLOEXEC) != 0 || (child = fork()) < 0) {
        close(lock_fd);
        return failure_set(failure, "no-process", "cannot start a process: %s",
                           strerror(errno));
    }
    if (child == 0) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        close(ends[0]);
        setsid();
        if (fork() != 0) {
            _exit(0);
        }
        if (chdir("/") != 0) {
            _exit(1);
        }
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        supervise(lab, lock_fd, ends[1]);
    }
    waitpid(child, NULL, 0);
    close(ends[1]);
    close(lock_fd);
    while (len + 1 < sizeof(line) && strchr(line, '\n') == NULL) {
        ssize_t got = read(ends[0], line + len, sizeof(line) - 1 - len);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        len += (size_t)got;
        line[len] = '\0';
    }
    close(ends[0]);
    line[strcspn(line, "\n")] = '\0';
    if (strcmp(line, "ready") == 0) {
        return true;
    }
    failure_set(failure, "server-failed", "the server did not start: %s",
                strncmp(line, "failed ", 7) == 0 && line[7] ? line + 7
                                                            : "it said nothing");
    return failure_remedy(failure, "see %s/log/lab.log", lab->state);
}
