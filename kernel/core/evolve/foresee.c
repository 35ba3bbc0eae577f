/* Looks at all stacks while everybody runs.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/foresee.h>

#include <core/evolve/leaving.h>
#include <core/evolve/walked.h>

/* Under the scheduler's lock. */
static bool look_at_task(struct task *task, void *arg)
{
    struct attempt *a = arg;
    struct saved_context context;
    uint64_t pc;
    enum task_state s = task_state(task);
    if (task == task_current() || s == TASK_RUNNING || s == TASK_WAITING ||
        s == TASK_FAULTED)
        return true;
    task_saved_context(task, &context);
    if (!context.resume || walked_clear(task))
        return true;
    frames_begin();
    enum frames frames = frames_walk(task, &pc);
    if (frames == FRAMES_INSIDE || frames == FRAMES_LOST)
        attempt_waits_for(a, task);
    return true;
}

void foresee_waited(struct attempt *a)
{
    if (leaving_init(a->plan, false)) {
        walked_begin();
        while (walked_more())
            ;
        task_for_each(look_at_task, a);
        walked_end();
    }
    leaving_fini();
}
