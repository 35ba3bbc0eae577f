/* Tasks that wait for an event in an object that moves: their step is called, and they wait again where the event is then.
 * SPDX-License-Identifier: MIT
 *
 * A task leads to what it waits for, and stands in its list, so the swap would be refused. Each step looks again whenever
 * it is called (task.h), so it may be called for nothing. On the way back addresses follow (followers.h), and the guard
 * has task_leave_objects().
 */
#ifndef NEURATH_CORE_EVOLVE_WAITERS_H
#define NEURATH_CORE_EVOLVE_WAITERS_H

#include <core/plan/plan.h>

/* Afterwards no task leads to what PLAN moves by waiting for it. Gate closed by the current task, nobody inside. BACKWARDS:
 * nothing is done. */
void waiters_leave(const struct plan *plan, bool backwards);

#endif
