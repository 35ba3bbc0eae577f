/* Calls the hooks of a swap's cells after its commit, in a task that can be given up.
 * SPDX-License-Identifier: MIT
 *
 * `evolved` of cells that changed and `start` of those that came run one after the other in the task `walker` (walk.h), with
 * all others going on. The swap is not permanent before they have ended; one that fails, or does not end, takes it back.
 * States: IDLE → RUNNING (hooks_begin) → IDLE (hooks_look: they have ended or were given up; hooks_end).
 * The swap task is the only user.
 */
#ifndef NEURATH_CORE_EVOLVE_HOOKS_H
#define NEURATH_CORE_EVOLVE_HOOKS_H

#include <core/evolve/private.h>

enum hooks_state {
    HOOKS_ENDED, /* also when there are none */
    HOOKS_RUNNING,
    HOOKS_FAILED, /* *out_reason says whose, and how */
};

/* Begins the hooks of A's plan, which is lent until they have ended. */
void hooks_begin(struct attempt *a);
/* Says how they are; what does not end in time is given up. FAILED is said once. */
enum hooks_state hooks_look(struct refusal *out_reason);
/* Gives up what still runs: the swap is taken back, or its plan ends. */
void hooks_end(void);

#endif
