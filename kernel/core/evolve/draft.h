/* Elements that are taken before anybody has to stand for long.
 * SPDX-License-Identifier: MIT
 *
 * Only a walk tells where elements are, and it may only be called while tasks stand. So the gate is closed twice: for a walk
 * alone, then tasks run again while new storage is taken and filled from what the walk has named (a *draft*,
 * plan/elements.h) and memory is searched for pointers to it (search.h). When the gate is closed again the walk is compared
 * with the first, and only what came, went or changed since is done again. Pointers to an element that came since nobody has
 * looked for, so then the gate is opened once more; if some come each time, all memory is searched while tasks stand.
 *
 * States: EMPTY → LISTING (draft_begin) → FILLING → READY (draft_more) → EMPTY (draft_take, draft_drop). What goes
 * wrong on the way is no refusal, tasks run: without a draft everything is done while they stand. The swap task is the
 * only user.
 */
#ifndef NEURATH_CORE_EVOLVE_DRAFT_H
#define NEURATH_CORE_EVOLVE_DRAFT_H

#include <core/evolve/private.h>
#include <core/evolve/walk.h>

/* Says whether another draft may help attempt A: there were not many yet, and none failed. */
bool draft_helps(const struct attempt *a);
/* Begins a draft of what JOB's walks have named; takes its lists and names. An older one is dropped. */
void draft_begin(struct attempt *a, struct walk_job *job);
/* Does the next part, tasks running. False: it is ready, and in the plan's list, or there will be none. */
bool draft_more(struct attempt *a);
/* Makes the draft true, all tasks standing, and gives both sets, if it agrees well enough with what JOB's walks have named:
 * STATUS_AGAIN: it does not, or there is none. STATUS_FULL, STATUS_DENIED: *out_reason. The draft is gone then. */
NODISCARD enum status draft_take(struct attempt *a, const struct walk_job *job,
                                 struct element_set **out_set,
                                 struct element_set **out_mirror,
                                 struct refusal *out_reason);
/* Drops the draft, if there is one. */
void draft_drop(struct attempt *a);
/* Says whether OBJECT of the heap is one of its lists. */
bool draft_owns(uint64_t object);
/* Says whether it is storage that the draft has taken for elements. */
bool draft_made(uint64_t object);

#endif
