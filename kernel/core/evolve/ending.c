/* Holds and ends the tasks of cells that a swap takes away.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/ending.h>

#include <console/log/log.h>
#include <lib/base/atomic.h>
#include <lib/base/evolve.h>
#include <stdio.h>
#include <string.h>
#include <time/clock/clock.h>

enum {
    SLEEP_NS = 500000000,  /* for who sleeps within a step, to finish it */
    LIMIT_NS = 2000000000, /* for all of them; more than a step takes that is no loop */
};

static struct {
    uint32_t holds;    /* [a] some slot leads to held_step() */
    uint64_t begun_ns; /* since when tasks end; 0: none does */
} ending;
EVOLVE_DROPS(ending); /* nothing is held or ends but around an attempt */

/* In the place of a step, while nobody knows whether its cell comes back. */
static struct wait held_step(void *arg)
{
    uint32_t seq = event_seq(evolve_event());
    (void)arg;
    return atomic_load(&ending.holds) ? wait_event(evolve_event(), seq, 0) : wait_again();
}

static struct wait last_step(void *arg)
{
    (void)arg;
    return wait_done();
}

static bool leads_to(const struct stub *s, task_step_fn step)
{
    return atomic_load((uint64_t *)s->slot) == (uint64_t)step;
}

static void lead_to(const struct stub *s, uint64_t to)
{
    atomic_store((uint64_t *)s->slot, to);
}

/* Tasks, by name as far as there is room. */
struct names {
    const struct stub *stub; /* whose step it is */
    uint32_t count;
    char text[160];
};

static bool name_task(struct task *task, void *arg)
{
    struct names *n = arg;
    char name[TASK_NAME_MAX];
    size_t used = strlen(n->text);
    if ((uint64_t)task_step_function(task) != n->stub->va)
        return true;
    task_name_copy(task, name);
    n->count++;
    if (used + sizeof name + 2 < sizeof n->text)
        snprintf(n->text + used, sizeof n->text - used, "%s%s", used ? ", " : "", name);
    return true;
}

/* Adds the tasks whose step is S, and gives how many there are. */
static uint32_t add_tasks(struct names *names, const struct stub *s)
{
    uint32_t before = names->count;
    names->stub = s;
    task_for_each(name_task, names);
    return names->count - before;
}

static void hold(const struct version *v)
{
    struct names names = {0};
    for (uint32_t i = 0; i < v->function_count; i++) {
        struct stub *s = v->functions[i].stub;
        if (!s || s->version != v || !add_tasks(&names, s))
            continue;
        atomic_store(&ending.holds, 1);
        s->version = NULL;
        lead_to(s, (uint64_t)held_step);
    }
}

/* The stubs of V stand for its functions again. */
static void release(const struct version *v)
{
    for (uint32_t i = 0; i < v->function_count; i++) {
        const struct stub *s = v->functions[i].stub;
        if (s && leads_to(s, held_step))
            lead_to(s, v->functions[i].va);
    }
}

/* S, a stub of V, which is gone, stands for a function of a cell that runs. If V was not the first of its cell to go, S may
 * stand for one of those: a task that V made would go on in it. */
static bool lives_on(const struct stub *s, const struct version *v)
{
    return s->version && s->version != v && s->version->state == VERSION_RUNNING;
}

static void end(const struct version *v)
{
    struct names names = {0};
    for (uint32_t i = 0; i < v->function_count; i++) {
        struct stub *s = v->functions[i].stub;
        bool held = s && leads_to(s, held_step);
        if (!s || (!held && lives_on(s, v)))
            continue;
        if (!add_tasks(&names, s) && !held)
            continue;
        s->version = NULL;
        lead_to(s, (uint64_t)last_step);
    }
    if (!names.count)
        return;
    ending.begun_ns = clock_ns();
    log_write("evolve", LOG_INFO, "%s@%u is gone, and its tasks end (%u): %s",
              v->info.name, v->number, names.count, names.text);
}

static void let_go(void)
{
    atomic_store(&ending.holds, 0);
    event_signal(evolve_event());
}

static bool goes(const struct plan_cell *c)
{
    return !c->fresh && !c->drains;
}

void ending_hold(const struct plan *plan)
{
    for (uint32_t i = 0; i < plan->cell_count; i++)
        if (goes(&plan->cells[i]))
            hold(plan->cells[i].old);
}

void ending_release(const struct plan *plan)
{
    for (uint32_t i = 0; i < plan->cell_count; i++) {
        const struct plan_cell *c = &plan->cells[i];
        if (goes(c))
            release(c->old);
        else if (!c->drains)
            end(c->fresh);
    }
    let_go();
}

void ending_begin(const struct plan *plan)
{
    for (uint32_t i = 0; i < plan->cell_count; i++)
        if (goes(&plan->cells[i]))
            end(plan->cells[i].old);
    let_go();
}

struct look {
    const struct stub *stub;
    bool sleepers; /* are given up too */
    uint32_t left;
    uint32_t given_up;
    char name[TASK_NAME_MAX]; /* of the last one that is left, or was given up */
};

/* Under the scheduler's lock. */
static bool look_at_task(struct task *task, void *arg)
{
    struct look *look = arg;
    bool asleep = task_state(task) == TASK_SLEEPING;
    if ((uint64_t)task_step_function(task) != look->stub->va)
        return true;
    look->left++;
    task_name_copy(task, look->name);
    if (!asleep || look->sleepers)
        look->given_up += task_step_now(task) && asleep;
    return true;
}

bool ending_over(void)
{
    uint64_t passed = clock_ns() - ending.begun_ns;
    struct look look = {.sleepers = passed > SLEEP_NS};
    if (!ending.begun_ns)
        return true;
    for (const struct stub *s = namespace_kernel()->stubs; s; s = s->next) {
        look.stub = s;
        if (leads_to(s, last_step))
            task_for_each(look_at_task, &look);
    }
    if (look.given_up)
        log_write(
            "evolve", LOG_WARNING,
            "task %s, asleep in a step of a cell that is gone, is given up (%u in all)",
            look.name, look.given_up);
    if (look.left && passed <= LIMIT_NS)
        return false;
    if (look.left)
        log_write("evolve", LOG_WARNING,
                  "task %s is still in a step of a cell that is gone (%u in all)",
                  look.name, look.left);
    ending.begun_ns = 0;
    return true;
}
