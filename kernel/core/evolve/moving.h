/* Moves the elements of types whose form changes: what happens between the drain and the stores.
 * SPDX-License-Identifier: MIT
 *
 * While all tasks stand (drain.h), the walks of the form that runs are called (walk.h), new storage is taken and filled
 * (plan/elements.h; most of it before, draft.h), and everybody is looked for who holds a pointer that no walk has named
 * (holders.c). The commit compares and stores. Before the tasks go on, the new form's walks are *rehearsed*: they must
 * name exactly what was made, or the swap is taken back, from the old elements, which nobody has touched. So each form
 * that runs is one that can be left again. On the way back the same is done with the forms exchanged; elements that came since
 * are given storage of the old form, those that went are gone. The guard cannot do this: it asks (guard_asked()).
 *
 * Objects that edges turn (plan/turn.h) are done with them, after the elements; if there are only those, there are no walks.
 *
 * Moving invariants:
 *  1. functions of cells run in the task `walker` alone, for a bounded time, and never under the park;
 *  2. no memory is taken between the park and the release;
 *  3. old elements stay as the commit found them until the swap is permanent, or taken back;
 *  4. a set that was not stored is dropped with its new storage;
 *  5. a rehearsal, and the way back if it fails, want no memory that was not taken before the stores (but for a walk that
 *     names more than the one before).
 * The swap task is the only user.
 */
#ifndef NEURATH_CORE_EVOLVE_MOVING_H
#define NEURATH_CORE_EVOLVE_MOVING_H

#include <core/evolve/private.h>

enum moving_way { MOVING_THERE, MOVING_REHEARSAL, MOVING_BACK };
enum moving_result {
    MOVING_WAIT,
    MOVING_READY,
    MOVING_FAILED,
    MOVING_DRAFT, /* only THERE: tasks may go on, until draft_more() gives false; then again from the begin */
};

/* The next piece of work for the plan of A, gate closed by the current task, nobody inside. READY: the set is in
 * the plan's list (not by a rehearsal). FAILED: *out_reason. */
enum moving_result moving_step(struct attempt *a, enum moving_way way,
                               struct wait *out_wait, struct refusal *out_reason);
/* Puts the set in the plan's list that takes the stores back before anybody has seen them. */
void moving_undo(struct attempt *a);
/* The stores were made, there or back; what of it is no longer wanted is freed. */
void moving_stored(struct attempt *a, bool backwards);
/* The swap is permanent: the old elements are freed. */
void moving_permanent(struct attempt *a);
/* Drops what was prepared for stores that are not made. */
void moving_drop(struct attempt *a);
/* Says whether OBJECT of the heap is a list of this file, which holds addresses of elements. */
bool moving_owns(uint64_t object);
/* Says whether OBJECT of the heap is storage that elements go to: what it holds leads to the other form already. */
bool moving_made(uint64_t object);

#endif
