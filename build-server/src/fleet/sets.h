/* Sets: single cells of a release, with all that must change with them, on top of what machines run (thesis 8.1).
 * SPDX-License-Identifier: MIT
 *
 * A set has a *base*, the release whose cells, commit and boot stub it keeps, and goes out as a release of its own
 * that names its two parts; the signer checks it against them (signer/parts.h). Lock held throughout; it is let go
 * while the planner works. */
#ifndef NEURATH_FLEET_SETS_H
#define NEURATH_FLEET_SETS_H

#include "base/json.h"
#include "pipeline/cells.h"
#include "server.h"

struct set {
    int64_t base;
    int64_t from; /* the release that the picked cells are of */
    struct cell_set cells;
    json_t *changed; /* against the base: [{name, old, new, class, because?}] */
    json_t *losses; /* of live data, for which somebody has to consent: the planner's refusals */
};

void set_fini(struct set *set);

/* Puts together the cells NAMES (array of text) of release FROM on what the machines IDS run, or (ALL) on what the channel
 * offers. GIVES *out (set_fini). RESULT_INVALID: malformed names; RESULT_NOT_FOUND: a cell that neither has;
 * RESULT_REFUSED: the machines run different versions, nothing differs, or the planner refuses whatever is brought in, other
 * than for what would be lost. */
NODISCARD enum result set_plan(struct server *server, const json_t *ids, bool all,
                               int64_t from, const json_t *names, struct set *out,
                               struct problem *problem);

/* Says in PROBLEM why SET, of the cells NAMES, is REFUSAL's, the planner's. Gives RESULT_REFUSED. */
NODISCARD enum result set_refused(const struct set *set, const json_t *names,
                                  const json_t *refusal, struct problem *problem);

/* What going to SET would do to MACHINE: GIVES {cells, refusals, needs_boot}; NULL: PROBLEM. */
json_t *set_forecast(struct server *server, const struct set *set, const char *machine,
                     struct problem *problem);

/* Makes the release, published but offered to nobody yet. No transaction open. CONSENT ([cell:object]: what machines may lose)
 * and NOTE may be NULL. */
NODISCARD enum result set_release(struct server *server, const struct set *set,
                                  const json_t *names, const json_t *consent,
                                  const char *by, const char *note, int64_t *out_version,
                                  struct problem *problem);

#endif
