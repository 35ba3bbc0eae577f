/* Takes tasks off events that move.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/waiters.h>

#include <core/commit/transfer.h>
#include <task/task/task.h>

/* Under the scheduler's lock. */
static bool look_at_task(struct task *task, void *arg)
{
    const struct migration_list *all = arg;
    uint64_t at = (uint64_t)task_event(task);
    const struct migration *m = at ? transfer_object(all, at, false) : NULL;
    if (m && transfer_moves(m, at, false))
        task_leave_event(task);
    return true;
}

void waiters_leave(const struct plan *plan, bool backwards)
{
    if (!backwards && plan->migrations.moving_count)
        task_for_each(look_at_task, (void *)&plan->migrations);
}
