/* Calls the hooks of a swap's cells after its commit, and checks (checks.h), in a task that can be given up.
 * SPDX-License-Identifier: MIT
 *
 * `evolved` of cells that changed and `start` of those that came run one after the other in the task `walker` (walk.h), with
 * all others going on; then the checks that judge the swap, which run once more at its end. The swap is not permanent
 * before they have ended; one that fails, or does not end, takes it back.
 * States: IDLE → RUNNING (hooks_begin, hooks_begin_checks) → IDLE (hooks_look: they have ended or were given up; hooks_end).
 * The swap task is the only user.
 */
#ifndef NEURATH_CORE_EVOLVE_HOOKS_H
#define NEURATH_CORE_EVOLVE_HOOKS_H

#include <core/evolve/private.h>

enum hooks_state {
    HOOKS_ENDED, /* also when there are none */
    HOOKS_RUNNING,
    HOOKS_FAILED,  /* *out_reason says whose, and how */
    HOOKS_OVERDUE, /* as before; it was given up */
};

/* Begins the hooks of A's plan, which is lent until they have ended. */
void hooks_begin(struct attempt *a);
/* Begins the checks once more, if there are any. After hooks_look() has said that the hooks have ended. */
void hooks_begin_checks(void);
/* Says how they are; what does not end in time is given up. FAILED and OVERDUE are said once. */
enum hooks_state hooks_look(struct refusal *out_reason);
/* Gives up what still runs: the swap is taken back, or its plan ends. */
void hooks_end(void);

#endif
