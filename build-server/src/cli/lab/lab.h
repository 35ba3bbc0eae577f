/* The lab of one state folder: a server and machines in QEMU, owned by one supervisor.
 * SPDX-License-Identifier: MIT
 *
 * Files in the state folder that belong to the lab (the rest is the server's):
 *   lab.json             what the lab consists of; its being there makes the folder a lab
 *   lab.lock             held (flock) by the supervisor as long as it lives
 *   run/lab.pid          the supervisor's process id
 *   clone/               the working clone
 *   machines/NAME/       machine.json, console.log, qemu.log, seed.json, boot.cpio
 *   log/lab.log          what the supervisor did
 * Sockets live in a short private folder outside, because their paths are limited to 107 bytes. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "../place.h"

enum {
    LAB_MACHINES_MAX = 16,
    LAB_CPUS_MAX = 8,
    LAB_PORT_DEFAULT = 7410, /* operators; machines use the next one */
    LAB_NAME_MAX = 32,
};

struct lab_machine_config {
    char name[LAB_NAME_MAX];
    unsigned cpus;
    unsigned echo_port; /* host port that leads to the machine's echo cell; 0: none yet */
    bool only_ip6;      /* its network has no IPv4; no port of the host leads to it */
    bool reset_by_guest; /* it reset itself when it ran last; not kept */
};

struct lab {
    char state[PLACE_PATH_MAX];
    char tree[PLACE_PATH_MAX]; /* the source tree that it was made from */
    char sockets[128];         /* short private folder for sockets */
    unsigned operator_port;
    unsigned machine_port;
    long trial_ms; /* 0: the machine's default */
    unsigned machine_count;
    struct lab_machine_config machines[LAB_MACHINES_MAX];
};

/* Reads the lab in folder STATE. Without lab.json: false with code "no-lab". */
bool lab_load(const char *state, struct lab *out, struct failure *failure);

/* Writes lab.json. */
bool lab_save(const struct lab *lab, struct failure *failure);

/* Makes the lab of a new state folder: creates it (private), takes ports from FIRST_PORT on (0: free
 * ones). Writes nothing else yet. */
bool lab_create(const char *state, const char *tree, long first_port, struct lab *out,
                struct failure *failure);

/* Fills in lab->sockets and, if MAKE, creates the folder and checks that it is ours alone. */
bool lab_socket_folder(struct lab *lab, bool make, struct failure *failure);

/* Paths within the lab; false if too long. */
bool lab_path(const struct lab *lab, const char *name, char *out, struct failure *failure);
bool lab_machine_path(const struct lab *lab, const char *machine, const char *name,
                      char *out, struct failure *failure);

/* True if a supervisor holds the lab's lock; *out_pid is its process id (0 if not known yet). */
bool lab_is_up(const struct lab *lab, long *out_pid);
