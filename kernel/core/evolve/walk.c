/* Calls functions of cells that may fault or never end, in a task of their own.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/walk.h>

#include <core/evolve/expel.h>
#include <core/evolve/private.h>
#include <core/plan/steps.h>
#include <core/plan/turn.h>
#include <lib/base/atomic.h>
#include <string.h>
#include <time/clock/clock.h>

enum { LIMIT_MS = 1500, LOOK_NS = 2000000, STACK_LEN = 64 << 10 };

typedef void (*walk_fn)(struct evolve_walk *walk);
typedef void (*fill_fn)(const struct evolve_fill *fill);
typedef const char *(*accept_fn)(const struct evolve_fill *fill);

static struct {
    struct task *task;
    struct event event;
    struct walk_job *job; /* [a] NULL: none, or it is over */
    bool begun;           /* seen again at the begin of a step: the job was given up */
    uint32_t restarts;
    uint64_t end_ns;
    uint64_t run_end_ns; /* of the task's time on a CPU; 0: no limit */
} walker;

EVOLVE_NO_HEAP(walk_job);

static void run_walks(struct walk_job *job)
{
    uint64_t named = 0;
    for (uint32_t i = 0; i < job->count; i++) {
        uint64_t used = named < job->room ? named : job->room;
        struct evolve_walk walk = {.names = job->names + used, .room = job->room - used};
        ((walk_fn)job->functions[i].va)(&walk);
        job->lists[i].names = job->names + used;
        job->lists[i].count = walk.count;
        named += walk.count;
    }
    job->named = named;
}

/* Lends the type that FORM is one of, and which. */
static const struct moving_type *type_of(const struct walk_job *job,
                                         const struct moving_form *form, int *out_form)
{
    for (uint32_t i = 0; i < job->type_count; i++)
        for (*out_form = 0; *out_form < FORMS; ++*out_form)
            if (form == &job->types[i].form[*out_form])
                return &job->types[i];
    return NULL;
}

/* Takes one element, from WAS to IS, over edges. Gives false, and which field, if a value has no place. */
static bool run_edges(struct walk_job *job, const struct moving_type *type, int form,
                      const uint8_t *was, uint8_t *is)
{
    job->unfit =
        steps_run(&type->way[form], job->all, form == FORM_NEW, was, is, job->scratch);
    return !job->unfit;
}

/* The N-th of E goes on as its new form, unless the owner objects. On the way back nobody is asked. */
static bool accepted(struct walk_job *job, const struct moving_type *type, int form,
                     const struct element *e, uint64_t n)
{
    struct evolve_fill fill = {.object = (uint8_t *)e->to + n * e->form->other_len,
                               .was = e->seen + n * e->form->len,
                               .known = e->form->known};
    const char *why =
        form == FORM_OLD && type->accept.va ? ((accept_fn)type->accept.va)(&fill) : NULL;
    if (!why)
        return true;
    job->objector = type;
    strncpy(job->objection, why, sizeof job->objection - 1);
    return false;
}

static void run_fills(struct walk_job *job)
{
    for (uint64_t i = 0; job->set && i < job->set->count; i++) {
        const struct element *e = &job->set->elements[i];
        int form;
        const struct moving_type *type = type_of(job, e->form, &form);
        uint64_t va = e->begun ? 0 : type->fill[form == FORM_OLD ? FORM_NEW : FORM_OLD].va;
        for (uint64_t n = 0; e->form->stepwise && n < e->count; n++)
            if (!run_edges(job, type, form, e->seen + n * e->form->len,
                           (uint8_t *)e->to + n * e->form->other_len))
                return;
        for (uint64_t n = 0; va && (!e->form->stepwise || type->by_parts) && n < e->count;
             n++) {
            struct evolve_fill fill = {.object = (uint8_t *)e->to + n * e->form->other_len,
                                       .was = e->seen + n * e->form->len,
                                       .known = e->form->known};
            ((fill_fn)va)(&fill);
        }
        for (uint64_t n = 0; n < e->count; n++)
            if (!accepted(job, type, form, e, n))
                return;
    }
}

/* On the way there the way back is gone as well: what cannot be left again is not entered. */
static void run_turns(struct walk_job *job)
{
    for (uint32_t i = 0; !job->unfit && i < job->all->count; i++) {
        struct migration *m = &job->all->list[i];
        if (!moves_turned(&m->forward))
            continue;
        job->object = m;
        job->unfit = turn_run(job->all, m, job->backwards, job->scratch);
        if (!job->unfit && !job->backwards)
            turn_rehearse(job->all, m, job->scratch);
    }
}

static struct wait walker_step(void *arg)
{
    (void)arg;
    uint32_t seq = event_seq(&walker.event);
    struct walk_job *job = atomic_load(&walker.job);
    if (!job || walker.begun)
        return wait_event(&walker.event, seq, 0);
    walker.begun = true;
    if (job->run)
        job->run();
    else if (job->functions)
        run_walks(job);
    else
        run_fills(job);
    if (!job->run && !job->functions && !job->unfit && !job->objector)
        run_turns(job);
    atomic_store(&walker.job, NULL);
    return wait_event(&walker.event, seq, 0);
}

static bool note_run(struct task *task, void *arg)
{
    if (task == walker.task)
        *(uint64_t *)arg = task_run_ns(task);
    return task != walker.task;
}

/* How long the walker has had a CPU in all. */
static uint64_t walker_run_ns(void)
{
    uint64_t run_ns = 0;
    task_for_each(note_run, &run_ns);
    return run_ns;
}

void walk_begin(struct walk_job *job)
{
    walker.begun = false;
    walker.restarts = task_restarts(walker.task);
    walker.end_ns = clock_ns() + (job->limit_ms ? job->limit_ms : LIMIT_MS) * 1000000ull;
    walker.run_end_ns = job->run_ms ? walker_run_ns() + job->run_ms * 1000000ull : 0;
    atomic_store(&walker.job, job);
    task_gate_admit(walker.task);
    event_signal(&walker.event);
}

static bool in_time(void)
{
    return clock_ns() < walker.end_ns &&
           (!walker.run_end_ns || walker_run_ns() < walker.run_end_ns);
}

enum walk_result walk_look(void)
{
    if (!atomic_load(&walker.job))
        return WALK_ENDED;
    bool faulted = task_restarts(walker.task) != walker.restarts;
    if (!faulted && in_time()) {
        task_gate_admit(walker.task); /* it may have ended its last step since */
        return WALK_RUNNING;
    }
    if (!faulted)
        expel_task(walker.task);
    return atomic_exchange(&walker.job, NULL) ? faulted ? WALK_FAULTED : WALK_OVERDUE
                                              : WALK_ENDED;
}

void walk_give_up(void)
{
    if (!atomic_load(&walker.job))
        return;
    if (task_restarts(walker.task) == walker.restarts)
        expel_task(walker.task);
    atomic_store(&walker.job, NULL);
}

uint64_t walk_next_ns(void)
{
    return clock_ns() + LOOK_NS;
}

enum status walk_start(void)
{
    static const struct task_options options = {.stack_len = STACK_LEN,
                                                .priority = TASK_PRIORITY_HIGH};
    event_init(&walker.event);
    walker.task = task_create("walker", walker_step, NULL, &options);
    return walker.task ? STATUS_OK : STATUS_FULL;
}
