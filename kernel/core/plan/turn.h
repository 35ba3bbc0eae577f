/* Objects whose meaning changes: their owner's edges make the other form, before the park.
 * SPDX-License-Identifier: MIT
 *
 * turns_look() notes what each such object holds, turn_run() makes its other form of that, in memory of the plan,
 * calling functions of the owner; so it is called where these may fault or never end (evolve/walk.h). The commit stores
 * what was made if the object is still as it was seen (commit/transfer.h), else all of it is done again: what was
 * written in between is never lost. Nothing that runs is touched. On the way back an object that nobody has stored into is
 * what it was before, whatever its edges lose. The swap task is the only user.
 */
#ifndef NEURATH_CORE_PLAN_TURN_H
#define NEURATH_CORE_PLAN_TURN_H

#include <core/plan/plan.h>

/* What else belongs to a migration that turns; old_image leads to SEEN. Made with the plan. */
struct turn {
    struct plan_way
        way[FORMS]; /* from that form to the other; no steps back: what was saved it is */
    uint8_t *image; /* initialiser of the new form */
    uint8_t seen[]; /* the new form as the way back found it */
};

/* Lends that of M, or NULL: it does not turn. */
struct turn *turn_of(const struct migration *m);
/* Begins it for M, whose lists are made; ends with turn_fini(). STATUS_FULL. */
NODISCARD enum status turn_init(struct migration *m);
void turn_fini(struct migration *m);

/* Notes what the objects of ALL hold that turn; BACKWARDS: in their new form. Nobody but interrupt handlers runs. */
void turns_look(struct migration_list *all, bool backwards);
/* Says how much scratch memory turn_run() wants for the objects of ALL, bytes; 0: none of them turns. */
uint64_t turns_scratch(const struct migration_list *all);
/* Makes the other form of M, one of ALL that turns, of what was noted; elements that move are in all->elements. SCRATCH
 * is of turns_scratch() bytes, 16-byte aligned. Gives the name of a field whose value has no place in the next form, or
 * NULL: all went well. */
const char *turn_run(struct migration_list *all, struct migration *m, bool backwards,
                     uint8_t *scratch);
/* Goes back from what turn_run() has made, and forgets that: it only has to end. */
void turn_rehearse(struct migration_list *all, struct migration *m, uint8_t *scratch);
/* What was made for a way back is no longer true. */
void turns_forget(struct migration_list *all);

#endif
