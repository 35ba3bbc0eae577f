/* Makes tasks leave text that is taken back: who loops there does not come out by itself.
 * SPDX-License-Identifier: MIT
 *
 * The swap task is the only user. */
#ifndef NEURATH_CORE_EVOLVE_EXPEL_H
#define NEURATH_CORE_EVOLVE_EXPEL_H

#include <core/evolve/private.h>

/* Makes TASK, which does not come out of its step, leave it: it is restarted. */
void expel_task(struct task *task);
/* Lends the version that A brought through which TASK, which has no CPU, has come, or NULL; a word on its stack counts. Inside
 * task_for_each(). */
const struct version *expel_version_of(const struct attempt *a, const struct task *task);
/* To be asked again and again once the stores of A are taken back: makes each that loops leave, when it is known to loop. Says
 * whether somebody may still. */
bool expel_loops(struct attempt *a);

#endif
