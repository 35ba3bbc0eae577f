/* What the swap task has last seen of tasks and CPUs.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/watch.h>

#include <string.h>
#include <task/cpu/cpu.h>

enum {
    TASKS_SEEN = 96,
    GAP_MAX_NS = 200000000, /* counted between two looks; more is the host's, which stood */
};

/* How long the present step of a task has been running. */
struct seen_task {
    uint64_t id;
    uint64_t begun; /* how many steps it has begun: one that was restarted has begun another */
    uint64_t run_ns; /* the task's time on CPUs when it was last seen */
    uint64_t ran_ns; /* of it, what the step has had since it was first seen */
    uint64_t beat;   /* of the CPU on which it ran then; 0: on none */
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
    struct suspect *out; /* the first one is enough; NULL: all are counted */
    uint32_t count;
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

/* The beats of the CPU on which TASK runs, or 0. */
static uint64_t beats_under(const struct task *task)
{
    for (unsigned i = 0; i < cpu_count(); i++) {
        const struct cpu_block *b = cpu_block_at(i);
        if (b && __atomic_load_n(&b->current, __ATOMIC_ACQUIRE) == task)
            return cpu_heartbeat(i);
    }
    return 0;
}

/* Adds what the step has had since the last look; but of a CPU that does not beat the guard knows better, it is stuck. */
static void add_time(struct seen_task *w, const struct task *task)
{
    uint64_t run_ns = task_run_ns(task);
    uint64_t beat = beats_under(task);
    if (beat && beat == w->beat)
        return;
    w->ran_ns += min_u64(run_ns - w->run_ns, GAP_MAX_NS);
    w->run_ns = run_ns;
    w->beat = beat;
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
    add_time(w, task);
    return w;
}

static bool begin_with(struct task *task, void *arg)
{
    (void)arg;
    (void)look_at(task, true);
    return true;
}

static bool within_limit(struct task *task, void *arg)
{
    struct look *look = arg;
    const struct seen_task *w = look_at(task, false);
    if (w->ran_ns < (w->earlier ? look->earlier_ns : look->limit_ns))
        return true;
    look->count++;
    if (!look->out)
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
    struct look look = {limit_ns, earlier_ns, out, 0};
    task_for_each(within_limit, &look);
    return look.count != 0;
}

uint32_t watch_count_loops(uint64_t limit_ns, uint64_t earlier_ns)
{
    struct look look = {limit_ns, earlier_ns, NULL, 0};
    task_for_each(within_limit, &look);
    return look.count;
}

void watch_blame(struct task *task)
{
    struct seen_task *w = look_at(task, false);
    w->earlier = false;
    w->awaited = true;
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
