/* Memory for the way back of a swap, set aside before its stores.
 * SPDX-License-Identifier: MIT
 *
 * Once tasks have run, elements that go back want new storage, and whoever points to them has to be looked for: with lists like
 * those of the way there, and longer by what came since. That must not depend on who has taken the memory meanwhile. So a
 * reserve of frames (frame_reserve()) is taken when all else is ready for the stores: without one there is no swap. It is twice
 * what the way there has in use in that moment (once, if there is not so much), and what it takes to list a heap that
 * has become all of memory. The swap task draws on it while it takes the swap back, when there is nothing else; the
 * reserve ends with the attempt.
 */
#ifndef NEURATH_CORE_EVOLVE_RESERVE_H
#define NEURATH_CORE_EVOLVE_RESERVE_H

#include <core/evolve/private.h>

/* Takes the reserve for PLAN, if its way back asks for memory; tasks stand, and what the stores need is there. False: there
 * is not so much. An older one is given back. */
NODISCARD bool reserve_take(const struct plan *plan);
/* The swap task may use it from now on. */
void reserve_draw(void);
/* Gives back what of it is not in use. */
void reserve_end(void);

#endif
