/* What operators do to the fleet: rollback, deploy, hold, unhold, pin, retry, reboot.
 * SPDX-License-Identifier: MIT
 *
 * Each reads its request, plans (a row per machine: what would happen), and, unless it is a dry run,
 * changes everything in one transaction and then refreshes the timestamp. Old content always goes out under
 * a new version: a re-issue. Lock held. */
#ifndef NEURATH_FLEET_ACTIONS_H
#define NEURATH_FLEET_ACTIONS_H

#include "base/json.h"
#include "server.h"

/* KIND is the action's name as in the API. GIVES the answer (json_decref). */
NODISCARD enum result action_run(struct server *server, const char *kind,
                                 const json_t *body, const char *by, json_t **out_answer,
                                 struct problem *problem);

/* The newest published release that `to` (a commit's prefix or a release number) means. */
NODISCARD enum result action_target(struct server *server, const char *to,
                                    int64_t *out_release, struct problem *problem);

/* The machines that BODY names (machine, machines, tag, all). GIVES an array of ids. */
NODISCARD enum result action_machines(struct server *server, const json_t *body,
                                      bool *out_all, json_t **out_ids,
                                      struct problem *problem);

#endif
