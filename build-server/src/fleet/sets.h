/* Sets: single cells of a release, with all that must change with them, on top of what machines run (thesis 8.1).
 * SPDX-License-Identifier: MIT
 *
 * A set has a *base*, the release whose cells, commit and boot stub it keeps, and goes out as a release of its own
 * that names its two parts; the signer checks it against them (signer/parts.h). What must come along depends on what is
 * there, so machines of several versions get a set for each. Lock held throughout; it is let go while the planner works. */
#ifndef NEURATH_FLEET_SETS_H
#define NEURATH_FLEET_SETS_H

#include "base/json.h"
#include "pipeline/cells.h"
#include "server.h"

#define SETS_MAX 16

struct set {
    int64_t base;
    int64_t from;     /* the release that the picked cells are of */
    json_t *machines; /* ids of those that run the base; empty: for the channel */
    struct cell_set cells;
    json_t *changed; /* against the base: [{name, old, new, class, because?}] */
    json_t *losses; /* of live data, for which somebody has to consent: the planner's refusals */
    json_t *consent; /* to those of them that its machines may lose, if that differs from the action's; may be NULL */
    int64_t release; /* what it went out as; 0: not yet */
};

/* One for each version that the machines of an order run and that the cells would change. */
struct sets {
    size_t count;
    struct set set[SETS_MAX];
};

void sets_fini(struct sets *sets);

/* Puts together the cells NAMES (array of text) of release FROM on what each of the machines IDS runs, or (ALL) on what the
 * channel offers. GIVES *out (sets_fini). Who has them already is in no set. RESULT_INVALID: malformed names;
 * RESULT_NOT_FOUND: a cell that neither version has; RESULT_REFUSED: nothing differs anywhere, the machines run more than
 * SETS_MAX versions, or the planner refuses for one of them whatever is brought in, other than for what would be lost;
 * RESULT_BUSY: what runs changed meanwhile. */
NODISCARD enum result sets_plan(struct server *server, const json_t *ids, bool all,
                                int64_t from, const json_t *names, struct sets *out,
                                struct problem *problem);

/* Lends the set that MACHINE is to get; NULL: it has the cells already. */
const struct set *sets_of(const struct sets *sets, const char *machine);

/* Says in PROBLEM why SET, of the cells NAMES, is REFUSAL's, the planner's. Gives RESULT_REFUSED. */
NODISCARD enum result set_refused(const struct set *set, const json_t *names,
                                  const json_t *refusal, struct problem *problem);

/* What going to SET would do to MACHINE: GIVES {cells, refusals, needs_boot}; NULL: PROBLEM. */
json_t *set_forecast(struct server *server, const struct set *set, const char *machine,
                     struct problem *problem);

/* Makes SET's release, published but offered to nobody yet. No transaction open. CONSENT ([cell:object]: what machines may lose)
 * and NOTE may be NULL. */
NODISCARD enum result set_release(struct server *server, struct set *set,
                                  const json_t *names, const json_t *consent,
                                  const char *by, const char *note,
                                  struct problem *problem);

#endif
