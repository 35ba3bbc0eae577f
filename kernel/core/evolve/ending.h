/* Tasks of cells that a swap takes away, or of whose step a new version knows nothing: held while it is on trial, then let go
 * on, or ended.
 * SPDX-License-Identifier: MIT
 *
 * A task is its step function, known by an entry stub (task.h). When that function goes, with its cell or from it, the stub
 * stands for no version any more, and its slot leads elsewhere:
 *   LEADS (to the step) → HELD (ending_hold) → LEADS (ending_release: taken back) or ENDS (ending_begin: permanent)
 *   LEADS → ENDS (ending_release: the step came with what is taken back)
 * While it is HELD a task that is due waits instead; one that waits or sleeps goes on to do so, and one within a step
 * finishes it in old text. So on the way back each goes on where it was, and none has lost what it waited for.
 * When it ENDS, who waits is called at once and is over; who sleeps within a step may finish it, and is given up if that lasts.
 *
 * Ending invariants:
 *  1. no task is HELD when no attempt is on trial;
 *  2. the next attempt begins when no task ENDS any more (or the log names the one that does not): a cell that comes again
 *     takes the stub, and no task of the one before.
 * The swap task is the only user.
 */
#ifndef NEURATH_CORE_EVOLVE_ENDING_H
#define NEURATH_CORE_EVOLVE_ENDING_H

#include <core/evolve/private.h>

/* Before anything is stored, after plan_redirect(): says whether no task loses the step that it begins next to a new version
 * of its cell, unless the source or an operator lets it go (EVOLVE_DROPS, consent). False: *report says which does. (One that
 * goes with its whole cell needs nobody's leave.) */
bool ending_allowed(const struct plan *plan, struct plan_report *report);
/* After the commit of PLAN: holds the tasks of cells and steps that are gone. */
void ending_hold(const struct plan *plan);
/* After plan_revert(): they go on; tasks whose step only a version has that was taken back end. */
void ending_release(const struct plan *plan);
/* PLAN is permanent: what is held ends, and whatever else has a step that is gone. */
void ending_begin(const struct plan *plan);
/* A look at the tasks that end. True: there are none, or not for now. */
bool ending_over(void);

#endif
