/* The gate: keeps all tasks where they are while one of them looks at the others' stacks. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <lib/base/atomic.h>
#include <time/clock/clock.h>

enum gate_state { OPEN, CLOSED, SEALED };

/* Invariants:
 *  1. while the gate is not OPEN a CPU takes only its owner, and tasks that pass;
 *  2. nobody can leave it closed for good: CLOSED has a deadline that a timer keeps, and both states end when their
 *     owner is given up;
 *  3. a task that was READY when it opens is asked for like one that becomes READY. */
static struct {
    uint32_t state;           /* [L] the scheduler's lock */
    const struct task *owner; /* [L] */
    struct timer timer;
    struct event event;
    bool ready; /* [L] timer and event are initialised */
} gate;

bool gate_lets(const struct task *task)
{
    return gate.state == OPEN || task == gate.owner || task->passes;
}

static void count_stop(void)
{
    atomic_add(&gate.event.seq, 1);
    scheduler_signal(&gate.event);
}

void gate_stop(struct task *task)
{
    if (!task->passes)
        return;
    task->passes = false;
    count_stop();
}

void gate_preempted(void)
{
    if (gate.state == CLOSED)
        count_stop();
}

/* Lock held. Invariant 3: each idle CPU looks at the ready lists again. */
static void open_gate(void)
{
    struct task *task;
    gate.state = OPEN;
    gate.owner = NULL;
    list_for_each(task, &scheduler_state()->tasks, all) task->passes = false;
    for (unsigned i = 0; i < cpu_count(); i++)
        if (atomic_load(&cpu_block_at(i)->idle) != 0)
            scheduler_call_cpu(i);
    count_stop();
}

static void gate_deadline(void *arg)
{
    struct scheduler *scheduler = scheduler_state();
    (void)arg;
    spin_lock(&scheduler->lock);
    if (gate.state == CLOSED)
        open_gate();
    spin_unlock(&scheduler->lock);
}

/* Lock held. */
static void set_up(void)
{
    if (gate.ready)
        return;
    timer_init(&gate.timer, gate_deadline, NULL);
    event_init(&gate.event);
    gate.ready = true;
}

/* Lock held. The tasks that run elsewhere give their CPU up, and become READY. */
static void call_others(void)
{
    for (unsigned i = 0; i < cpu_count(); i++)
        if (i != cpu_index() && cpu_block_at(i)->current != NULL)
            scheduler_call_cpu(i);
}

bool task_gate_close(uint64_t deadline_ns)
{
    struct scheduler *scheduler = scheduler_state();
    const struct task *self = cpu_current_task();
    bool mine;
    spin_lock(&scheduler->lock);
    set_up();
    mine = gate.state == OPEN || gate.owner == self;
    if (mine) {
        gate.owner = self;
        gate.state = CLOSED;
        call_others();
    }
    spin_unlock(&scheduler->lock);
    if (mine)
        timer_arm(&gate.timer, deadline_ns);
    return mine;
}

bool task_gate_seal(void)
{
    struct scheduler *scheduler = scheduler_state();
    bool good;
    spin_lock(&scheduler->lock);
    good = gate.state != OPEN && gate.owner == cpu_current_task();
    if (good)
        gate.state = SEALED;
    spin_unlock(&scheduler->lock);
    return good;
}

void task_gate_open(void)
{
    struct scheduler *scheduler = scheduler_state();
    if (!task_gate_mine())
        return;
    (void)timer_cancel(&gate.timer);
    spin_lock(&scheduler->lock);
    if (gate.owner == cpu_current_task())
        open_gate();
    spin_unlock(&scheduler->lock);
}

bool task_gate_mine(void)
{
    struct scheduler *scheduler = scheduler_state();
    bool mine;
    spin_lock(&scheduler->lock);
    mine = gate.state != OPEN && gate.owner == cpu_current_task();
    spin_unlock(&scheduler->lock);
    return mine;
}

struct event *task_gate_event(void)
{
    struct scheduler *scheduler = scheduler_state();
    spin_lock(&scheduler->lock);
    set_up();
    spin_unlock(&scheduler->lock);
    return &gate.event;
}

void task_gate_hold(struct task *task)
{
    task->passes = false;
    if (task->state == TASK_RUNNING && task != gate.owner)
        scheduler_call_cpu(task->last_cpu);
}

void task_gate_pass(struct task *task)
{
    if (task->context.resume == 0 || task == gate.owner)
        return;
    if (task->state == TASK_SLEEPING) {
        task->passes = true;
        (void)task_sleep_restart(task);
    } else if (task->state == TASK_READY && !task->passes) {
        task->passes = true;
        list_remove(&task->queue);
        scheduler_ready(task);
    }
}

void task_gate_admit(struct task *task)
{
    struct scheduler *scheduler = scheduler_state();
    spin_lock(&scheduler->lock);
    task->passes = true;
    if (task->state == TASK_READY) {
        list_remove(&task->queue);
        scheduler_ready(task);
    }
    spin_unlock(&scheduler->lock);
}

void gate_abandon(const struct task *task)
{
    struct scheduler *scheduler = scheduler_state();
    spin_lock(&scheduler->lock);
    if (gate.state != OPEN && gate.owner == task)
        open_gate();
    spin_unlock(&scheduler->lock);
}
