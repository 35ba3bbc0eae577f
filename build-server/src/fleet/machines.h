/* Machines: enrolment, contact, and the state that operators see.
 * SPDX-License-Identifier: MIT
 *
 * States (interfaces.md), decided by machine_settle() from stored facts, in this order:
 *   enrolling  it has a certificate and has not polled yet
 *   silent     no contact for MACHINE_SILENT_MS
 *   trial      its newest attempt is on trial
 *   updating   its newest attempt runs, or it fetches a release
 *   held       an order keeps it, and it runs what the order says
 *   running    it runs the desired content
 *   blocked    the desired content was refused, or needs a boot
 *   reverted   the desired content came back by itself; not tried again until `retry`
 *   behind     anything else: it is expected to move
 * Lock held throughout; functions that write open their own transaction unless they say otherwise. */
#ifndef NEURATH_FLEET_MACHINES_H
#define NEURATH_FLEET_MACHINES_H

#include "base/json.h"
#include "server.h"

#define MACHINE_ID_LEN 17
#define MACHINE_SILENT_MS 60000
#define MACHINE_FETCH_MS 120000

/* Checks the proof, has a certificate signed, stores the machine. GIVES the answer. Enrolling the same key
 * again gives a certificate again. */
NODISCARD enum result machine_enroll(struct server *server, const json_t *body,
                                     json_t **out_answer, struct problem *problem);

bool machine_exists(struct server *server, const char *id);

/* Stores what a poll says. */
NODISCARD enum result machine_contact(struct server *server, const char *id,
                                      const json_t *body, struct problem *problem);

/* It fetched a release: on its way. */
void machine_fetches(struct server *server, const char *id, int64_t version);

/* Decides the state anew and publishes the row when it changed, or when ALWAYS. May be called within a
 * transaction. */
void machine_settle(struct server *server, const char *id, bool always);

/* Settles every machine (the desired release changed). */
void machines_settle_all(struct server *server);

/* What the machine should run: release (0: nothing is known). GIVES the content, NULL: none. */
char *machine_desired(struct server *server, const char *id, int64_t *out_release);

/* Finds a machine by id, or by name when it is unique. RESULT_NOT_FOUND, RESULT_INVALID (ambiguous). */
NODISCARD enum result machine_find(struct server *server, const char *text,
                                   char out_id[MACHINE_ID_LEN]);

#endif
