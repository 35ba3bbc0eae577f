/* The lab's supervisor: one process that owns the server and all machines.
 * SPDX-License-Identifier: MIT
 *
 * Invariants:
 *  1. At most one supervisor per state folder: it holds lab.lock as long as it lives.
 *  2. Every process of the lab is its child and dies with it (PR_SET_PDEATHSIG).
 *  3. A server that ends is started again; a machine that ends boots the last permanent release.
 *  4. Asked to stop, it ends all children, in bounded time, then itself.
 *
 * Commands come over the socket `lab.sock`: one line of JSON, answered by one line of JSON:
 *   {"op":"status"}                  what runs
 *   {"op":"start","machines":N,"cpus":C}   N machines at least; new ones get C CPUs
 *   {"op":"restart","machine":NAME}  switched off, then booted into the released image
 *   {"op":"stop"}                    the connection closes when all is gone */
#pragma once

#include "lab.h"

/* Detaches a supervisor of LAB and waits until its server accepts requests. */
bool supervisor_start(struct lab *lab, struct failure *failure);

/* Sends one command and gives the answer (json_decref). code "lab-down" if none is there. */
bool supervisor_ask(const struct lab *lab, const json_t *request, json_t **out,
                    struct failure *failure);

/* Asks it to stop and waits until it is gone. */
bool supervisor_stop(const struct lab *lab, struct failure *failure);
