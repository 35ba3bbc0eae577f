/* Shared by the supervisor's files only.
 * SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "machine.h"
#include "supervisor.h"

enum { CLIENTS_MAX = 8, REQUEST_MAX = 4096 };

enum machine_state {
    MACHINE_WAITING, /* boots at retry_ms */
    MACHINE_UP,
    MACHINE_ENDING, /* asked to end; boots again when it has */
};

struct supervised {
    enum machine_state state;
    enum machine_choice choice; /* for the next boot */
    pid_t pid;
    int64_t started_ms; /* monotonic */
    int64_t retry_ms;
    int64_t release; /* that it booted */
    unsigned boots;  /* since the supervisor started */
    unsigned quick;  /* ends in a row that came within seconds of the boot */
    char why[256];   /* why it is not up */
};

struct client {
    int fd; /* -1: free */
    size_t len;
    char line[REQUEST_MAX];
};

struct supervisor {
    struct lab *lab;
    struct http *http; /* NULL until the server is ready */
    FILE *log;
    int lock_fd;
    int listen_fd;
    int signal_fd;
    int notify_fd; /* to the process that started us; -1 once told */
    pid_t server;
    int server_out; /* its stdout and stderr */
    bool server_ready;
    int64_t server_retry_ms;
    unsigned server_starts;
    char server_last[512]; /* its last line, for messages */
    char server_line[512]; /* its unfinished line */
    size_t server_line_len;
    pid_t events; /* the process that follows the server's events */
    int events_in;
    char events_line[128];
    size_t events_len;
    struct supervised machines[LAB_MACHINES_MAX];
    struct client clients[CLIENTS_MAX];
    bool stopping;
    int64_t kill_ms;
};

[[gnu::format(printf, 2, 3)]] void supervisor_log(struct supervisor *supervisor,
                                                  const char *format, ...);

/* The server. */
bool supervisor_start_server(struct supervisor *supervisor, struct failure *failure);
void supervisor_read_server(struct supervisor *supervisor);
void supervisor_server_ended(struct supervisor *supervisor, int status);
void supervisor_read_events(struct supervisor *supervisor);

/* Machines. */
void supervisor_boot_due(struct supervisor *supervisor);
void supervisor_machine_ended(struct supervisor *supervisor, unsigned index, int status);
bool supervisor_restart_machine(struct supervisor *supervisor, const char *name,
                                struct failure *failure);

/* Requests. */
void supervisor_accept(struct supervisor *supervisor);
void supervisor_read_client(struct supervisor *supervisor, struct client *client);

/* Begins to end everything. */
void supervisor_begin_stop(struct supervisor *supervisor);
