/* Where things are: the tree, the lab's state, the programs beside this one, the server.
 * SPDX-License-Identifier: MIT */
#pragma once

#include <limits.h>
#include <stdbool.h>

#include "command.h"
#include "failure.h"

enum { PLACE_PATH_MAX = 1024 };

/* Where the server is and what it takes to talk to it. */
struct place_server {
    char url[512];              /* without a final slash */
    char token[256];            /* empty: none found */
    char ca[PLACE_PATH_MAX];    /* file with the CA for https; empty: the system's */
    char found_by[64];          /* how it was found, for doctor */
    char state[PLACE_PATH_MAX]; /* of the lab, when it is one; else empty */
};

/* Writes into OUT (PLACE_PATH_MAX bytes) the printf of FORMAT. A path that is too long is our
 * mistake to catch early: false with a failure. */
[[gnu::format(printf, 3, 4)]] bool place_path(char *out, struct failure *failure,
                                              const char *format, ...);

/* The source tree: that around the current folder, else that of the running program. */
bool place_tree(char *out, struct failure *failure);

/* The folder of the lab's state: $NEURATH_STATE, the lab of the clone that we stand in, else
 * .lab in the tree. It need not exist. Absolute. */
bool place_state(char *out, struct failure *failure);

/* A program that was built beside this one, such as "neurathd". */
bool place_program(const char *name, char *out, struct failure *failure);

/* Finds the server by option, environment, configuration file, lab of the tree. */
bool place_find_server(const struct invocation *invocation, struct place_server *out,
                       struct failure *failure);

/* The server of the lab in folder STATE, from what it wrote when it was ready. */
bool place_lab_server(const char *state, struct place_server *out,
                      struct failure *failure);

/* Reads a whole small file; GIVES a terminated buffer (free()), NULL with errno set. */
char *place_read_file(const char *path, size_t *out_len);

/* Writes a file so that it is there whole or not at all. MODE as for open(). */
bool place_write_file(const char *path, const void *bytes, size_t len, unsigned mode,
                      struct failure *failure);
