/* Looks at the task that asked for a swap.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/silence.h>

#include <core/evolve/expel.h>
#include <time/clock/clock.h>

enum {
    SILENCE_MS = 3000, /* after the end of the trial */
    GAP_MAX_MS =
        100, /* between two looks; a longer one is the host's, or the swap task's own */
    SLEEPERS_MAX = 16,
};

static struct {
    uint64_t attempt;
    uint64_t begun;   /* steps of the task, when it was last seen to do something */
    uint64_t for_ns;  /* for how long it has been seen to do nothing */
    uint64_t seen_ns; /* when it was last looked at */
} silence;

/* What is known of one task. */
struct asker {
    uint64_t id;
    struct task *task; /* NULL: it has ended */
    char name[TASK_NAME_MAX];
    uint64_t begun;
    bool rests; /* it does not want a CPU */
};

struct sleepers {
    const struct attempt *a;
    const struct version *in; /* where the last one sleeps */
    struct task *list[SLEEPERS_MAX];
    uint32_t count;
};

static bool note_asker(struct task *task, void *arg)
{
    struct asker *asker = arg;
    if (task_id(task) != asker->id)
        return true;
    enum task_state state = task_state(task);
    asker->task = task;
    asker->begun = task_steps(task) + task_restarts(task);
    asker->rests = state == TASK_SLEEPING || state == TASK_WAITING;
    task_name_copy(task, asker->name);
    return false;
}

static struct asker find_asker(const struct attempt *a)
{
    struct asker asker = {.id = a->asker};
    if (asker.id)
        task_for_each(note_asker, &asker);
    return asker;
}

static bool note_sleeper(struct task *task, void *arg)
{
    struct sleepers *s = arg;
    const struct version *v =
        task_state(task) == TASK_SLEEPING ? expel_version_of(s->a, task) : NULL;
    if (!v)
        return true;
    s->in = v;
    s->list[s->count++] = task;
    return s->count < SLEEPERS_MAX;
}

bool silence_found(const struct attempt *a, uint64_t end_ns, struct refusal *out_reason)
{
    struct asker asker = find_asker(a);
    struct sleepers sleepers = {.a = a};
    uint64_t now = clock_ns();
    bool known = silence.attempt == a->report.attempt && silence.begun == asker.begun &&
                 asker.rests;
    if (now < end_ns || !asker.task || !known) {
        silence.attempt = a->report.attempt;
        silence.begun = asker.begun;
        silence.for_ns = 0;
        silence.seen_ns = now;
        return false;
    }
    silence.for_ns += min_u64(now - silence.seen_ns, GAP_MAX_MS * 1000000ull);
    silence.seen_ns = now;
    if (silence.for_ns < SILENCE_MS * 1000000ull)
        return false;
    task_for_each(note_sleeper, &sleepers);
    (void)refuse(out_reason, "silent", sleepers.in ? sleepers.in->info.name : NULL, NULL,
                 NULL,
                 "task %s, which has to confirm the new code, sleeps%s%s since %lu ms",
                 asker.name, sleepers.in ? " in " : "",
                 sleepers.in ? sleepers.in->info.name : "", silence.for_ns / 1000000);
    return true;
}

void silence_end(const struct attempt *a)
{
    struct asker asker = find_asker(a);
    struct sleepers sleepers = {.a = a};
    task_for_each(note_sleeper, &sleepers);
    for (uint32_t i = 0; i < sleepers.count; i++)
        expel_task(sleepers.list[i]);
    if (asker.task && asker.rests)
        expel_task(asker.task);
}
