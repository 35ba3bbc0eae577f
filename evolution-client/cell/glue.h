/* The client in this kernel: its ports, joined to network, swap engine and boot archive.
 * SPDX-License-Identifier: MIT
 *
 * One task, `client`, owns all of it and waits for one event; a second small task passes the engine's event on.
 */
#ifndef EVOLUTION_CLIENT_CELL_GLUE_H
#define EVOLUTION_CLIENT_CELL_GLUE_H

#include <core/evolve/evolve.h>
#include <evolution-client/core/client.h>
#include <lib/base/types.h>
#include <task/task/task.h>

struct http;

/* One connection to the server. */
struct glue_line {
    struct http *http; /* NULL: none yet */
    bool mutual;       /* it was made with the device's certificate */
    uint32_t identity; /* the identity's number it was made with */
    bool head_told;
    bool ended; /* the exchange is over, its end not yet told */
    bool failed;
    uint8_t *piece; /* lent to the core until its next call */
    uint64_t begun_ns;
};

enum { GLUE_FAILURE_LEN = 192 };

struct glue {
    struct client *client; /* NULL: no seed */
    struct event wake;     /* something is new for the client */
    struct client_endpoint endpoint;
    char *certificate; /* NULL: none */
    uint8_t key[256];
    size_t key_len;
    uint32_t identity; /* rises when certificate or key change */
    struct glue_line lines[CLIENT_CHANNEL_COUNT];
    struct evolve_report *report; /* the engine's, read anew for each question */
    uint64_t report_attempt;
    struct spinlock lock; /* over `status` and `asked_*`, which the shell touches */
    struct client_status status;
    uint64_t status_ns;
    bool asked_retry;
    bool asked_wake;
    char failure[GLUE_FAILURE_LEN]; /* the last one that was logged */
    uint64_t failure_ns;            /* when; 0: never */
};

/* The one instance; the ports' context. */
struct glue *glue_get(void);

void glue_transport(struct client_transport *out);
void glue_installer(struct client_installer *out);
void glue_system(struct client_system *out);
/* Registers the shell command `evolution`. */
void glue_shell(void);

#endif
