/* Commands that travel with a poll's answer: plan, retry, reboot.
 * SPDX-License-Identifier: MIT
 *
 * A command is delivered with every answer until a poll says that it was done (`commands_done`), it was
 * answered, it expired, or the machine booted (for those that are meant for one boot). Lock held. */
#ifndef NEURATH_FLEET_COMMANDS_H
#define NEURATH_FLEET_COMMANDS_H

#include "base/json.h"
#include "server.h"

/* Adds a command with BODY's members (TAKEN; may be NULL) and wakes the machine. Its id, 0 on failure. */
int64_t commands_add(struct server *server, const char *machine, const char *kind,
                     json_t *body, bool this_boot, int64_t life_ms);

bool commands_waiting(struct server *server, const char *machine, int64_t done);

/* GIVES the list for a poll's answer. */
json_t *commands_list(struct server *server, const char *machine, int64_t done);

/* The machine has done all up to ID. */
void commands_done(struct server *server, const char *machine, int64_t id);

#endif
