/* An action under way: shared by its planning (action_rows.c) and its doing (actions.c).
 * SPDX-License-Identifier: MIT */
#ifndef NEURATH_FLEET_ACTION_PRIVATE_H
#define NEURATH_FLEET_ACTION_PRIVATE_H

#include "fleet/sets.h"
#include "server.h"

#include <string.h>

struct action {
    struct server *server;
    const char *kind;
    const char *by;
    const char *note;
    const char *to;
    bool hold;
    bool dry_run;
    bool all;
    json_t *ids;
    const json_t *cells; /* deploy: these alone, and what must change with them; NULL: all */
    struct sets sets;    /* what that comes to, version by version */
    json_t *consent;     /* what machines may lose: ["cell:object"]; NULL: nothing */
    bool agrees;         /* to all that the planner foresees: it is added to `consent` */
    int64_t source;      /* the release whose content is wanted; 0: none */
    int64_t release;     /* what was made, or is used again; 0: none */
};

static inline bool action_is(const struct action *action, const char *kind)
{
    return strcmp(action->kind, kind) == 0;
}

static inline bool action_wants_target(const struct action *action)
{
    return action_is(action, "rollback") || action_is(action, "deploy") ||
           (action_is(action, "pin") && action->to != NULL);
}

/* A name is that of a refusal: the cell, a colon, and the object or type as the machine calls it. */
bool action_is_consent(const char *name);

/* Lends the first of REFUSALS that the action's consent does not answer, or NULL; the names of the losses that it answers go to
 * LOST. An action that agrees to all has them added to its consent. */
json_t *action_refusal(struct action *action, const json_t *refusals, json_t *lost);

/* A row for each machine: [{machine, name, action, reason, cells}]. An action that agrees to all has the losses that are foreseen
 * added to its consent, by name, and told in the rows. Lock held on entry and on return; it is let go while the planner works. */
json_t *action_rows(struct action *action);

#endif
