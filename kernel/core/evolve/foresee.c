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
    uint64_t pc;
    if (!frames_stand(task) || walked_clear(task))
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
