/* Pointers from outside that follow what goes back.
 * SPDX-License-Identifier: MIT
 *
 * On the way there a pointer into an object whose fields move refuses the swap. On the way back nothing can be refused
 * any more: who took an address since the commit (in an object of the heap, in the data of another cell) is led to the
 * same field of the old form, with the stores that take the swap back: the words join the pointers to elements, so the
 * commit compares and stores them as those. A field that only the new form has leads nowhere: its place is told. After a
 * revert by the guard the old text runs before anybody has searched: then only a pointer into storage that the old form
 * does not use is led; any other word may be one of the old text by now, and is only counted.
 * The swap task is the only user. States: EMPTY → COLLECTING (followers_begin) → JOINED (followers_join) → EMPTY
 * (followers_end).
 */
#ifndef NEURATH_CORE_EVOLVE_FOLLOWERS_H
#define NEURATH_CORE_EVOLVE_FOLLOWERS_H

#include <core/evolve/private.h>

void followers_begin(void);
/* Notes that the word at AT points to VA, in the form that is left of M or, if that is NULL, of E. False: it leads nowhere, or
 * there is no memory, as followers_join() will say. */
bool followers_note(uint64_t at, uint64_t va, const struct migration *m,
                    const struct element *e);
/* Has the next stores of PLAN lead what was noted, and says in the log what leads nowhere. False: no memory. */
NODISCARD bool followers_join(struct plan *plan);
/* After a revert of PLAN by the guard: looks, leads at once what can be led, as far as the words are still the same, and
 * says what cannot. */
void followers_lead(const struct plan *plan);
/* PLAN's stores were made, or given up. */
void followers_end(struct plan *plan);
/* Says whether OBJECT of the heap is a list of this file. */
bool followers_own(uint64_t object);

#endif
