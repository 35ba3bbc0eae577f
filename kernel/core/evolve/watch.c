/* What the swap task has last seen of tasks and CPUs.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/watch.h>

#include <string.h>
#include <task/cpu/cpu.h>

enum { TASKS_SEEN = 96 };

/* How long the present step of a task has been running. */
struct seen_task {
    uint64_t id;
    uint64_t begun; /* how many steps it has begun: one that was restarted has begun another */
    uint64_t run_ns; /* when the step was first seen */
    bool earlier;    /* it was under way when the watch began */
    bool awaited;    /* it was under way when watch_steps() looked, and has not ended */
};

struct seen_cpu {
    uint64_t beat;
    bool came_by;
};

static struct {
    struct seen_task tasks[TASKS_SEEN]; /* by id; who collides with another is seen afresh */
    struct seen_cpu cpus[CPU_MAX];
} seen;

struct look {
    uint64_t limit_ns;
    uint64_t earlier_ns;
    struct suspect *out;
};

/* Says whether TASK, which is in STATE, is in the middle of a step and not about to begin one. */
static bool mid_step(const struct task *task, enum task_state state)
{
    struct saved_context context;
    if (state != TASK_READY)
        return state == TASK_RUNNING;
    task_saved_context(task, &context);
    return context.resume != 0;
}

/* Lends what is known of TASK, begun afresh when it is not in the step that was seen last. FIRST: the watch begins. */
static struct seen_task *look_at(struct task *task, bool first)
{
    struct seen_task *w = &seen.tasks[task_id(task) % TASKS_SEEN];
    enum task_state s = task_state(task);
    uint64_t begun = task_steps(task) + task_restarts(task);
    bool busy = s == TASK_RUNNING || s == TASK_READY;
    if (w->id != task_id(task) || w->begun != begun || !busy)
        *w = (struct seen_task){.id = task_id(task),
                                .begun = begun,
                                .run_ns = task_run_ns(task),
                                .earlier = first && mid_step(task, s)};
    return w;
}

static bool begin_with(struct task *task, void *arg)
{
    (void)arg;
    (void)look_at(task, true);
    return true;
}

/* Stops at the first task that is over the limit. */
static bool within_limit(struct task *task, void *arg)
{
    const struct look *look = arg;
    const struct seen_task *w = look_at(task, false);
    if (task_run_ns(task) - w->run_ns < (w->earlier ? look->earlier_ns : look->limit_ns))
        return true;
    look->out->task = task;
    task_name_copy(task, look->out->name);
    return false;
}

void watch_begin(void)
{
    memset(&seen, 0, sizeof seen);
    task_for_each(begin_with, NULL);
}

bool watch_find_loop(uint64_t limit_ns, uint64_t earlier_ns, struct suspect *out)
{
    struct look look = {limit_ns, earlier_ns, out};
    out->task = NULL;
    task_for_each(within_limit, &look);
    return out->task != NULL;
}

static bool await_step(struct task *task, void *arg)
{
    struct seen_task *w = look_at(task, false);
    (void)arg;
    w->awaited = !w->earlier && mid_step(task, task_state(task));
    return true;
}

/* Stops at the first task whose step is still awaited. */
static bool step_ended(struct task *task, void *arg)
{
    *(bool *)arg = !look_at(task, false)->awaited;
    return *(bool *)arg;
}

void watch_steps(void)
{
    task_for_each(await_step, NULL);
}

bool watch_steps_ended(void)
{
    bool ended = true;
    task_for_each(step_ended, &ended);
    return ended;
}

void watch_cpus(void)
{
    for (unsigned i = 0; i < cpu_count(); i++)
        seen.cpus[i] = (struct seen_cpu){.beat = cpu_heartbeat(i)};
}

bool watch_cpus_came_by(void)
{
    bool all = true;
    for (unsigned i = 0; i < cpu_count(); i++) {
        struct seen_cpu *c = &seen.cpus[i];
        c->came_by = c->came_by || cpu_idle(i) || cpu_heartbeat(i) != c->beat;
        all = all && c->came_by;
    }
    return all;
}
