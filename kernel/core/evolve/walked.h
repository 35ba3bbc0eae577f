/* Stacks that were walked before the gate was closed: under it only those of tasks that ran since have to be.
 * SPDX-License-Identifier: MIT
 *
 * A task that has not been given a CPU since has the stack that it had. Only tasks with no frame in text that is left are
 * remembered; of all others the frames are looked at again. The swap task is the only user. */
#ifndef NEURATH_CORE_EVOLVE_WALKED_H
#define NEURATH_CORE_EVOLVE_WALKED_H

#include <core/evolve/private.h>

/* Begins to walk all stacks for the text of leaving_init(). Too little memory only means that nothing is remembered. */
void walked_begin(void);
/* Walks some more; others run between few of them. Gives false when there are none left. No lock held. */
bool walked_more(void);
void walked_end(void);
/* Gives the bytes of what is remembered. */
uint64_t walked_bytes(void);

/* Says that TASK was found to be clear and has not run since. Inside task_for_each(), after walked_more() gave false. */
bool walked_clear(const struct task *task);

#endif
