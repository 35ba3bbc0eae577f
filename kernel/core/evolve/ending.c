/* Holds and ends the tasks of cells and of steps that a swap takes away.
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
    bool swaps; /* the task that carries out swaps is among them */
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
    n->swaps |= task == task_current();
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

static bool has_stub(const struct version *v, const struct stub *s)
{
    for (uint32_t i = 0; v && i < v->function_count; i++)
        if (v->functions[i].stub == s)
            return true;
    return false;
}

/* No version that PLAN brings has the function of S, a stub of C's old one. */
static bool is_gone(const struct plan *plan, const struct plan_cell *c,
                    const struct stub *s)
{
    bool found = has_stub(c->fresh, s);
    for (uint32_t i = 0; i < plan->cell_count && !found; i++)
        found = has_stub(plan->cells[i].fresh, s);
    return !found;
}

static void hold(const struct plan *plan, const struct plan_cell *c)
{
    const struct version *v = c->old;
    struct names names = {0};
    for (uint32_t i = 0; i < v->function_count; i++) {
        struct stub *s = v->functions[i].stub;
        if (!s || s->version != v || !is_gone(plan, c, s) || !add_tasks(&names, s))
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

/* Ends the tasks of V, one of PLAN's versions of C: of the new one all, for it is taken back. */
static void end(const struct plan *plan, const struct plan_cell *c,
                const struct version *v)
{
    struct names names = {0};
    for (uint32_t i = 0; i < v->function_count; i++) {
        struct stub *s = v->functions[i].stub;
        bool held = s && leads_to(s, held_step);
        if (!s || (!held && lives_on(s, v)) || (v == c->old && !is_gone(plan, c, s)))
            continue;
        if (!add_tasks(&names, s) && !held)
            continue;
        s->version = NULL;
        lead_to(s, (uint64_t)last_step);
    }
    if (!names.count)
        return;
    ending.begun_ns = clock_ns();
    log_write("evolve", LOG_INFO, "%s%s@%u is gone, and its tasks end (%u): %s",
              v == c->old && c->fresh ? "a step of " : "", v->info.name, v->number,
              names.count, names.text);
}

static void let_go(void)
{
    atomic_store(&ending.holds, 0);
    event_signal(evolve_event());
}

/* The old version of C, whose tasks may lose their step; NULL: there is none, or it goes on beside the new one. */
static const struct version *followed(const struct plan_cell *c)
{
    return c->drains ? NULL : c->old;
}

/* The step S of C is gone for all of NAMES. */
static void refuse_step(const struct plan_cell *c, const struct stub *s,
                        const struct names *names, struct refusal *out)
{
    char who[48 + TASK_NAME_MAX];
    snprintf(who, sizeof who, "%.*s", (int)strcspn(names->text, ","), names->text);
    if (names->count > 1)
        snprintf(who + strlen(who), sizeof who - strlen(who), " and %u more",
                 names->count - 1);
    if (names->swaps)
        (void)refuse(out, "held", c->name, s->name, who,
                     "task %s, which carries out swaps, begins each step in %s, which "
                     "the new %s lacks; keep the function's name",
                     who, s->name, c->name);
    else
        (void)plan_refuse_loss(out, c->name, s->name,
                               "task %s would end: the new %s lacks its step %s; keep "
                               "the function's name",
                               who, c->name, s->name);
}

bool ending_allowed(const struct plan *plan, struct plan_report *report)
{
    report->refusal_count = 0;
    for (uint32_t i = 0; i < plan->cell_count; i++) {
        const struct plan_cell *c = &plan->cells[i];
        const struct version *v = c->fresh ? followed(c) : NULL;
        for (uint32_t k = 0; v && k < v->function_count; k++) {
            const struct stub *s = v->functions[k].stub;
            struct names names = {0};
            if (!s || s->version != v || !is_gone(plan, c, s) || !add_tasks(&names, s))
                continue;
            if ((names.swaps || !plan_may_lose(plan, c, s->name)) &&
                report->refusal_count < PLAN_MAX_REFUSALS)
                refuse_step(c, s, &names, &report->refusals[report->refusal_count++]);
        }
    }
    return report->refusal_count == 0;
}

void ending_hold(const struct plan *plan)
{
    for (uint32_t i = 0; i < plan->cell_count; i++)
        if (followed(&plan->cells[i]))
            hold(plan, &plan->cells[i]);
}

void ending_release(const struct plan *plan)
{
    for (uint32_t i = 0; i < plan->cell_count; i++) {
        const struct plan_cell *c = &plan->cells[i];
        if (followed(c))
            release(c->old);
        if (c->fresh && !c->drains)
            end(plan, c, c->fresh);
    }
    let_go();
}

void ending_begin(const struct plan *plan)
{
    for (uint32_t i = 0; i < plan->cell_count; i++)
        if (followed(&plan->cells[i]))
            end(plan, &plan->cells[i], plan->cells[i].old);
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
