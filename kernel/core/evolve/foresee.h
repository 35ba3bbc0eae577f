/* Who would be waited for: what a dry run of a coupled set says of the tasks that stand in text which it replaces.
 * SPDX-License-Identifier: MIT */
#ifndef NEURATH_CORE_EVOLVE_FORESEE_H
#define NEURATH_CORE_EVOLVE_FORESEE_H

#include <core/evolve/private.h>

/* Enters in the report of A the tasks that have a frame in text which its plan replaces, in a function that does not go on,
 * as the drain would find them now. Nobody is held: who has a CPU just now is not looked at, and others may have
 * left, or come in, when the swap is made. Without memory for the list it names nobody. Swap task, no lock held. */
void foresee_waited(struct attempt *a);

#endif
