/* The supervisor's care for the server: start, output, events, end.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../process.h"
#include "../view.h"
#include "child.h"
#include "supervisor_private.h"

/* Where deploy/deps put the third-party sources that cells are built from; empty if it does not say. */
static void find_sources(const struct lab *lab, char *out)
{
    char deps[PLACE_PATH_MAX + 16];
    const char *const words[] = {deps, "--sources", NULL};

    snprintf(deps, sizeof(deps), "%s/deploy/deps", lab->tree);
    if (!process_capture(words, NULL, out, PLACE_PATH_MAX)) {
        out[0] = '\0';
    }
    out[strcspn(out, "\r\n")] = '\0';
}

bool supervisor_start_server(struct supervisor *supervisor, struct failure *failure)
{
    const struct lab *lab = supervisor->lab;
    char program[PLACE_PATH_MAX], operator_port[16], machine_port[16],
        sources[PLACE_PATH_MAX];
    int ends[2];

    if (!place_program("neurathd", program, failure)) {
        return false;
    }
    find_sources(lab, sources);
    snprintf(operator_port, sizeof(operator_port), "%u", lab->operator_port);
    snprintf(machine_port, sizeof(machine_port), "%u", lab->machine_port);
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return failure_set(failure, "no-process", "cannot make a pipe: %s",
                           strerror(errno));
    }
    const char *const words[] = {program,
                                 "--state",
                                 lab->state,
                                 "--lab",
                                 "--operator-port",
                                 operator_port,
                                 "--machine-port",
                                 machine_port,
                                 sources[0] ? "--sources" : NULL,
                                 sources,
                                 NULL};
    supervisor->server = child_spawn(words, ends[1], ends[1]);
    close(ends[1]);
    if (supervisor->server < 0) {
        close(ends[0]);
        return failure_set(failure, "no-process", "cannot start the server: %s",
                           strerror(errno));
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    supervisor->server_out = ends[0];
    supervisor->server_ready = false;
    supervisor->server_line_len = 0;
    supervisor->server_starts++;
    supervisor_log(supervisor, "server started, process %d", (int)supervisor->server);
    return true;
}

/* Runs in a child: passes on which machines the server wants rebooted, one name a line. */
struct forward {
    int out;
};

static bool forward_event(void *context, const char *name, json_t *row, int64_t id)
{
    const struct forward *forward = context;

    (void)id;
    if (name != NULL && strcmp(name, "machine") == 0 &&
        json_is_true(json_object_get(row, "reboot"))) {
        dprintf(forward->out, "%s\n", view_machine(row));
    }
    return getppid() != 1;
}

static bool forward_connection(void *context, const char *why)
{
    (void)context;
    (void)why;
    return true;
}

static void start_events(struct supervisor *supervisor)
{
    pid_t parent = getpid();
    int ends[2];

    if (supervisor->events > 0 || pipe2(ends, O_CLOEXEC) != 0) {
        return;
    }
    supervisor->events = fork();
    if (supervisor->events == 0) {
        struct forward forward = {ends[1]};
        struct failure failure;
        struct http *http = NULL;
        const int never = 0;
        sigset_t none;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        prctl(PR_SET_NAME, "lab-events");
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        close(supervisor->lock_fd);
        close(supervisor->listen_fd);
        if (getppid() == parent &&
            http_create(http_server(supervisor->http), &http, &failure)) {
            http_follow(http, -1, forward_event, forward_connection, &forward, &never,
                        &failure);
        }
        _exit(0);
    }
    close(ends[1]);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    supervisor->events_in = ends[0];
    supervisor->events_len = 0;
}

/* The server accepts requests: machines may boot now. */
static void became_ready(struct supervisor *supervisor)
{
    struct place_server server;
    struct failure failure;

    http_destroy(supervisor->http);
    supervisor->http = NULL;
    if (!place_lab_server(supervisor->lab->state, &server, &failure) ||
        !http_create(&server, &supervisor->http, &failure)) {
        supervisor_log(supervisor, "server: %s", failure.text);
        return;
    }
    http_set_timeout(supervisor->http, 3000);
    supervisor->server_ready = true;
    supervisor_log(supervisor, "server ready at %s", server.url);
    if (supervisor->notify_fd >= 0) {
        dprintf(supervisor->notify_fd, "ready\n");
        close(supervisor->notify_fd);
        supervisor->notify_fd = -1;
    }
    start_events(supervisor);
}

static void take_server_line(struct supervisor *supervisor, const char *line)
{
    supervisor_log(supervisor, "neurathd: %s", line);
    snprintf(supervisor->server_last, sizeof(supervisor->server_last), "%s", line);
    if (strstr(line, "ready: ") != NULL && !supervisor->server_ready) {
        became_ready(supervisor);
    }
}

void supervisor_read_server(struct supervisor *supervisor)
{
    char bytes[4096];
    ssize_t got = read(supervisor->server_out, bytes, sizeof(bytes));

    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        close(supervisor->server_out);
        supervisor->server_out = -1;
    }
    for (ssize_t i = 0; i < got; i++) {
        if (bytes[i] == '\n' ||
            supervisor->server_line_len == sizeof(supervisor->server_line) - 1) {
            supervisor->server_line[supervisor->server_line_len] = '\0';
            supervisor->server_line_len = 0;
            take_server_line(supervisor, supervisor->server_line);
        } else {
            supervisor->server_line[supervisor->server_line_len++] = bytes[i];
        }
    }
}

void supervisor_server_ended(struct supervisor *supervisor, int status)
{
    int64_t pause_ms = supervisor->server_starts < 3 ? 100 : 2000;

    if (supervisor->server_out >= 0) {
        supervisor_read_server(supervisor);
    }
    if (supervisor->server_out >= 0) {
        close(supervisor->server_out);
        supervisor->server_out = -1;
    }
    supervisor->server = -1;
    supervisor_log(supervisor, "server ended with %s %d",
                   WIFEXITED(status) ? "status" : "signal",
                   WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    if (supervisor->notify_fd >= 0 && !supervisor->stopping) {
        /* It never got ready: whoever waits is told why, and nothing is tried again. */
        dprintf(supervisor->notify_fd, "failed %s\n", supervisor->server_last);
        close(supervisor->notify_fd);
        supervisor->notify_fd = -1;
        supervisor_begin_stop(supervisor);
    }
    if (supervisor->server_ready) {
        supervisor->server_starts = 0;
        pause_ms = 100;
    }
    supervisor->server_ready = false;
    supervisor->server_retry_ms = child_now_ms() + pause_ms;
}

void supervisor_read_events(struct supervisor *supervisor)
{
    char bytes[256];
    ssize_t got = read(supervisor->events_in, bytes, sizeof(bytes));
    struct failure failure;

    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        close(supervisor->events_in);
        supervisor->events_in = -1;
    }
    for (ssize_t i = 0; i < got; i++) {
        if (bytes[i] != '\n') {
            supervisor->events_line[supervisor->events_len] = bytes[i];
            supervisor->events_len +=
                supervisor->events_len + 1 < sizeof(supervisor->events_line);
            continue;
        }
        supervisor->events_line[supervisor->events_len] = '\0';
        supervisor->events_len = 0;
        supervisor_log(supervisor, "the server asks for a boot of %s",
                       supervisor->events_line);
        if (!supervisor_restart_machine(supervisor, supervisor->events_line, &failure)) {
            supervisor_log(supervisor, "%s", failure.text);
        }
    }
}
