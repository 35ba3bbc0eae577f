/* The scheduler: which task runs on which CPU, and the steps into and out of a task. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <fault/fault/fault.h>
#include <lib/base/atomic.h>
#include <time/clock/clock.h>

/* One lock for all: with up to 16 CPUs and steps of tens of microseconds it is rarely contended, and it makes every
 * transition one critical section. Functions that never return run on the CPU's scheduler stack, interrupts off. */

static struct scheduler scheduler;

struct scheduler *scheduler_state(void)
{
    return &scheduler;
}

/* High before normal before low. */
static const uint8_t order[TASK_PRIORITY_COUNT] = {
    TASK_PRIORITY_HIGH, TASK_PRIORITY_NORMAL, TASK_PRIORITY_LOW};

static unsigned rank(const struct task *task)
{
    switch (task->priority) {
    case TASK_PRIORITY_HIGH: return 0;
    case TASK_PRIORITY_LOW: return 2;
    default: return 1;
    }
}

static bool may_run(const struct task *task, unsigned cpu)
{
    return task->cpu_plus_one == 0 || task->cpu_plus_one == cpu + 1;
}

/* Asks CPU to come into the scheduler. An idle one is marked busy, so that it is asked only once. */
void scheduler_call_cpu(unsigned cpu)
{
    struct cpu_block *block = cpu_block_at(cpu);
    atomic_store(&block->idle, 0);
    atomic_store(&block->reschedule, 1);
    if (cpu != cpu_index() || !cpu_in_interrupt())
        cpu_send_ipi(cpu, VECTOR_RESCHEDULE);
}

static bool is_idle(unsigned cpu)
{
    return atomic_load(&cpu_block_at(cpu)->idle) != 0;
}

/* Lock held. Invariant 4: the CPU that TASK ran on last if it is idle, else this one, else any idle one, else one
 * that runs something less urgent. */
static void call_for(const struct task *task)
{
    unsigned count = cpu_count(), here = cpu_index();
    if (!gate_lets(task))
        return;
    if (may_run(task, task->last_cpu) && task->last_cpu < count &&
        is_idle(task->last_cpu)) {
        scheduler_call_cpu(task->last_cpu);
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        unsigned cpu = (here + i) % count;
        if (may_run(task, cpu) && is_idle(cpu)) {
            scheduler_call_cpu(cpu);
            return;
        }
    }
    for (unsigned i = 0; i < count; i++) {
        unsigned cpu = (here + i) % count;
        const struct task *current = cpu_block_at(cpu)->current;
        if (may_run(task, cpu) && current != NULL && rank(task) < rank(current)) {
            scheduler_call_cpu(cpu);
            return;
        }
    }
}

/* Lock held. For a task that this CPU has just left: run_next() comes, and perhaps takes it again. */
static void make_ready(struct task *task)
{
    task->state = TASK_READY;
    list_push_back(&scheduler.ready[task->priority], &task->queue);
}

void scheduler_ready(struct task *task)
{
    make_ready(task);
    if (scheduler.running)
        call_for(task);
}

void scheduler_wake(struct task *task, enum sleep_result result)
{
    list_remove(&task->queue);
    task->deadline_ns = 0;
    task->context.result = result;
    (void)timer_cancel(&task->timer);
    scheduler_ready(task);
}

void scheduler_signal(struct event *event)
{
    while (event->waiters.next != NULL && !list_empty(&event->waiters))
        scheduler_wake(list_first(&event->waiters, struct task, queue), SLEEP_WOKEN);
}

void scheduler_deadline(void *arg)
{
    struct task *task = arg;
    spin_lock(&scheduler.lock);
    /* It may have been woken, and even wait again, since the timer was taken off its queue. */
    if (task->state != TASK_READY && task->state != TASK_RUNNING &&
        task->deadline_ns != 0) {
        if (task->deadline_ns <= clock_ns())
            scheduler_wake(task, SLEEP_TIMEOUT);
        else
            timer_arm(&task->timer, task->deadline_ns);
    }
    spin_unlock(&scheduler.lock);
}

static void set_deadline(struct task *task, uint64_t deadline_ns)
{
    task->deadline_ns = deadline_ns;
    if (deadline_ns != 0)
        timer_arm(&task->timer, deadline_ns);
}

/* Lock held. The most urgent task that CPU may run, off its list; NULL: none. */
static struct task *take_ready(unsigned cpu)
{
    struct task *task;
    for (unsigned i = 0; i < TASK_PRIORITY_COUNT; i++)
        list_for_each(task, &scheduler.ready[order[i]],
                      queue) if (may_run(task, cpu) && gate_lets(task))
        {
            list_remove(&task->queue);
            return task;
        }
    return NULL;
}

/* Lock held. This CPU has left CURRENT's stack. */
static struct task *leave_current(struct cpu_block *here)
{
    struct task *task = here->current;
    here->current = NULL;
    if (task != NULL)
        task->run_ns += clock_ns() - task->started_ns;
    return task;
}

/* Lock held, this CPU runs no task; LEFT is the one that it has left, NULL if that is not READY. Gives the lock up. */
NORETURN static void run_next(struct cpu_block *here, struct task *left)
{
    struct task *task = take_ready(here->index);
    if (left != NULL && left != task)
        call_for(left);
    atomic_add(&here->heartbeat, 1);
    atomic_store(&here->reschedule, 0);
    if (task == NULL) {
        timer_slice_arm(0);
        atomic_store(&here->idle, 1);
        (void)spin_unlock_keep_off(&scheduler.lock);
        entry_idle();
    }
    atomic_store(&here->idle, 0);
    task->state = TASK_RUNNING;
    task->last_cpu = here->index;
    task->switches++;
    task->started_ns = clock_ns();
    here->switches++;
    here->current = task;
    timer_slice_arm(task->started_ns + SLICE_NS);
    (void)spin_unlock_keep_off(&scheduler.lock);
    if (task->context.resume == 0)
        entry_prepare_step(&task->context, task->stack_top, (void *)task->step, task->arg,
                           &task->wait);
    entry_resume(&task->context);
}

void task_schedule(void)
{
    spin_lock(&scheduler.lock);
    (void)leave_current(cpu_here()); /* nothing: only idle CPUs come here */
    run_next(cpu_here(), NULL);
}

void task_preempt(struct trap_frame *frame)
{
    struct task *task;
    spin_lock(&scheduler.lock);
    task = leave_current(cpu_here());
    if (task != NULL) {
        task->context = (struct saved_context){.rsp = (uint64_t)frame,
                                               .resume = entry_resume_trap_address()};
        task->preempt_count++;
        make_ready(task);
        gate_preempted();
    }
    run_next(cpu_here(), task);
}

/* Lock held. Puts TASK among the waiters unless the event has moved on since the step looked. */
static void wait_for_event(struct task *task)
{
    struct event *event = task->wait.event;
    if (event->waiters.next == NULL)
        list_init(&event->waiters);
    task->state = TASK_WAITING;
    list_push_back(&event->waiters, &task->queue);
    memory_barrier(); /* against event_signal(): we are on the list before we look, it counts before it looks */
    if (event_seq(event) != task->wait.seq) {
        list_remove(&task->queue);
        scheduler_ready(task);
        return;
    }
    set_deadline(task, task->wait.deadline_ns);
}

static bool wait_valid(const struct wait *wait)
{
    return wait->kind <= WAIT_DONE ? wait->kind != WAIT_EVENT || wait->event != NULL
                                   : wait->kind == WAIT_FAULTED;
}

void task_step_done(void)
{
    struct task *task = cpu_current_task();
    if (!wait_valid(&task->wait)) /* without a lock: the task restarts */
        fault_panic("task %s: its step returned a wait of kind %u", task->name,
                    task->wait.kind);
    spin_lock(&scheduler.lock);
    (void)leave_current(cpu_here());
    task->steps++;
    task->context.resume = 0;
    gate_stop(task);
    switch (task->wait.kind) {
    case WAIT_AGAIN: make_ready(task); run_next(cpu_here(), task);
    case WAIT_UNTIL:
        task->state = TASK_WAITING;
        set_deadline(task, max_u64(task->wait.deadline_ns, 1));
        break;
    case WAIT_EVENT: wait_for_event(task); break;
    case WAIT_DONE:
        list_remove(&task->all);
        list_push_back(&scheduler.dead, &task->queue);
        atomic_add(&scheduler.died.seq, 1);
        scheduler_signal(&scheduler.died);
        break;
    case WAIT_FAULTED:
        task->state = TASK_FAULTED;
        set_deadline(task, task->wait.deadline_ns);
        break;
    }
    run_next(cpu_here(), NULL);
}

void task_sleep_commit(struct wait_queue *queue, uint64_t deadline_ns, uint64_t rsp)
{
    struct task *task = cpu_current_task();
    if (task == NULL || cpu_locks_held() != 1)
        fault_panic("wait_queue_sleep outside a task, or with %u locks", cpu_locks_held());
    spin_lock(&scheduler.lock);
    (void)leave_current(cpu_here());
    task->context =
        (struct saved_context){.rsp = rsp, .resume = entry_resume_switch_address()};
    task->state = TASK_SLEEPING;
    gate_stop(task);
    list_push_back(&queue->waiters, &task->queue);
    task->context.rflags = spin_unlock_keep_off(&queue->lock);
    set_deadline(task, deadline_ns);
    run_next(cpu_here(), NULL);
}

/* An operation has left with STATUS_RESTART; the frozen restartable_call() enters it again when it is this task's turn. */
void task_give_way(uint64_t rsp)
{
    struct task *task;
    spin_lock(&scheduler.lock);
    task = leave_current(cpu_here());
    task->context = (struct saved_context){
        .rsp = rsp, .resume = entry_resume_switch_address(), .rflags = 0x200};
    gate_stop(task);
    make_ready(task);
    run_next(cpu_here(), task);
}

void task_slice_end(void)
{
    struct cpu_block *here = cpu_here();
    bool others = false;
    spin_lock(&scheduler.lock);
    for (unsigned i = 0; i < TASK_PRIORITY_COUNT; i++)
        others = others || !list_empty(&scheduler.ready[i]);
    spin_unlock(&scheduler.lock);
    if (others)
        atomic_store(&here->reschedule, 1);
    else if (here->current != NULL)
        timer_slice_arm(clock_ns() + SLICE_NS);
}

void scheduler_put_ready(struct task *task)
{
    make_ready(task);
}

void task_enter_scheduler(void)
{
    scheduler.running = true;
    entry_schedule();
}
