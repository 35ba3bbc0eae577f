/* Makes tasks leave text that is taken back.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/expel.h>

#include <core/evolve/judge.h>
#include <core/evolve/leaving.h>
#include <time/clock/clock.h>

enum {
    INSIDE_MS = 1000, /* to look who is in text that goes */
    EXPEL_TRIES = 200,
    EXPEL_GAP_NS = 500000,
};

static void expel_from_cpu(const struct task *task)
{
    for (unsigned i = 0; i < cpu_count(); i++) {
        const struct cpu_block *b = cpu_block_at(i);
        if (b && __atomic_load_n(&b->current, __ATOMIC_ACQUIRE) == task)
            guard_abandon(i, task);
    }
}

const struct version *expel_version_of(const struct attempt *a, const struct task *task)
{
    struct saved_context context;
    uint64_t low;
    uint64_t top;
    task_saved_context(task, &context);
    task_stack_range(task, &low, &top);
    for (uint64_t at = context.rsp; context.resume && at >= low && at < top; at += 8)
        for (uint32_t i = 0; i < a->plan->cell_count; i++) {
            const struct version *v = a->plan->cells[i].fresh;
            uint64_t word = *(const volatile uint64_t *)at;
            if (v && word >= v->text_begin && word < v->text_end)
                return v;
        }
    return NULL;
}

/* A task of the new code that loops keeps doing so until it is made to leave: at once where it
 * does not run just now, by NMI where it does. It may be preempted, or go on, between the look
 * and the NMI, so this is tried until the task has been restarted. */
void expel_task(struct task *task)
{
    uint32_t before = task_restarts(task);
    for (int i = 0; i < EXPEL_TRIES && task_restarts(task) == before; i++) {
        if (task_restart(task) == STATUS_OK)
            return;
        expel_from_cpu(task);
        clock_delay_ns(EXPEL_GAP_NS);
    }
}

static bool blame_inside(struct task *task, void *arg)
{
    if (task_state(task) == TASK_READY && expel_version_of(arg, task))
        watch_blame(task);
    return true;
}

/* A step that was under way before the swap is hardly to blame for its length, unless it is in what goes just now: then it is
 * watched like those that have begun since. Where a task is shows when it stands. Gives whether to try again. */
static bool look_inside(struct attempt *a)
{
    if (a->looked_inside || !task_gate_close(clock_ns() + INSIDE_MS * 1000000ull))
        return false;
    bool stand = frames_all_stand();
    a->looked_inside = stand || clock_ns() - a->settle_ns > INSIDE_MS * 1000000ull;
    if (a->looked_inside) {
        task_for_each(blame_inside, a);
        task_gate_open();
    }
    return !stand;
}

/* Several tasks may loop in the text that is taken back; each is made to leave it when it is known to loop. */
bool expel_loops(struct attempt *a)
{
    struct suspect suspect;
    if (!a->expel || (a->coupled && a->taken)) /* of a coupled set the drain sees to it */
        return false;
    if (look_inside(a))
        return true;
    if (judge_finds_loop(&suspect)) {
        expel_task(suspect.task);
        a->settle_ns = clock_ns(); /* others have had less of the CPUs meanwhile */
    }
    return judge_may_loop(a);
}
