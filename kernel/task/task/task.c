/* Making tasks, ending them, restarting them; facts about them. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <lib/base/atomic.h>
#include <mm/heap/heap.h>
#include <mm/paging/paging.h>
#include <string.h>
#include <time/clock/clock.h>

#define RESTART_DELAY_NS (10 * NS_PER_MS)
#define STREAK_NS (60 * NS_PER_S)
#define RESTART_LONG_NS (10 * NS_PER_S)
#define RESTART_SHIFT_MAX 5u /* 320 ms */
#define RFLAGS_INTERRUPTS 0x200u
#define RFLAGS_DIRECTION 0x400u
#define AGAIN_REACH 0x4000u /* bytes of stack that a call takes which can begin again */

static struct task *task_allocate(size_t stack_len)
{
    struct task *task = heap_new(struct task);
    if (task == NULL)
        return NULL;
    task->stack_len = align_up(stack_len, PAGE_SIZE);
    if (paging_stack_take(task->stack_len, &task->stack_top) != STATUS_OK) {
        heap_free(task);
        return NULL;
    }
    return task;
}

struct task *task_create(const char *name, task_step_fn step, void *arg,
                         const struct task_options *options)
{
    static const struct task_options defaults;
    struct scheduler *scheduler = scheduler_state();
    struct task *task;
    if (options == NULL)
        options = &defaults;
    task =
        task_allocate(options->stack_len != 0 ? options->stack_len : TASK_STACK_DEFAULT);
    if (task == NULL)
        return NULL;
    for (size_t i = 0; i < TASK_NAME_MAX - 1 && name[i] != 0; i++)
        task->name[i] = name[i];
    task->step = step;
    task->arg = arg;
    task->priority = options->priority < TASK_PRIORITY_COUNT ? options->priority : 0;
    task->cpu_plus_one = options->cpu_plus_one;
    task->essential = options->essential;
    task->last_cpu = CPU_MAX;
    list_init(&task->queue);
    timer_init(&task->timer, scheduler_deadline, task);
    spin_lock(&scheduler->lock);
    task->id = ++scheduler->next_id;
    list_push_back(&scheduler->tasks, &task->all);
    scheduler_ready(task);
    spin_unlock(&scheduler->lock);
    return task;
}

static void task_destroy(struct task *task)
{
    paging_stack_put(task->stack_top, task->stack_len);
    heap_free(task);
}

/* Frees tasks that have ended, in a task of its own: giving a stack back waits for the other CPUs. */
static struct wait reaper_step(void *arg)
{
    struct scheduler *scheduler = scheduler_state();
    uint32_t seq = event_seq(&scheduler->died);
    struct task *task = NULL;
    (void)arg;
    spin_lock(&scheduler->lock);
    if (!list_empty(&scheduler->dead)) {
        task = list_first(&scheduler->dead, struct task, queue);
        list_remove(&task->queue);
    }
    spin_unlock(&scheduler->lock);
    if (task == NULL)
        return wait_event(&scheduler->died, seq, 0);
    (void)timer_cancel(&task->timer);
    while (timer_running(&task->timer))
        cpu_pause();
    task_destroy(task);
    return wait_again();
}

void task_start(void)
{
    struct scheduler *scheduler = scheduler_state();
    for (unsigned i = 0; i < TASK_PRIORITY_COUNT; i++)
        list_init(&scheduler->ready[i]);
    list_init(&scheduler->tasks);
    list_init(&scheduler->dead);
    event_init(&scheduler->died);
    (void)task_create("reaper", reaper_step, NULL, NULL);
}

/* Counts the fault; gives when the task may try again. */
static uint64_t restart_time(struct task *task, bool soon)
{
    uint64_t now = clock_ns();
    uint32_t shift = task_fault_streak();
    task->fault_streak = shift + 1;
    task->fault_ns = now;
    task->restarts++;
    if (!soon)
        return now + RESTART_LONG_NS;
    return now +
           (RESTART_DELAY_NS << (shift < RESTART_SHIFT_MAX ? shift : RESTART_SHIFT_MAX));
}

uint32_t task_fault_streak(void)
{
    const struct task *task = cpu_current_task();
    return clock_ns() - task->fault_ns < STREAK_NS ? task->fault_streak : 0;
}

void task_abandon(bool soon)
{
    struct task *task;
    (void)interrupts_off();
    cpu_here()->again = 0;
    task = cpu_current_task();
    gate_abandon(task);
    task->wait = wait_until(restart_time(task, soon));
    if (!soon)
        task->wait.kind = WAIT_FAULTED;
    entry_leave_step();
}

bool task_call_again(struct trap_frame *frame)
{
    struct again_point *p = (struct again_point *)cpu_here()->again;
    if (p == NULL || p->times == AGAIN_TRIES || p->locks != cpu_locks_held() ||
        frame->rflags & RFLAGS_INTERRUPTS || p->rsp - frame->rsp > AGAIN_REACH)
        return false;
    frame->rax = ++p->times;
    frame->rip = p->rip;
    frame->rsp = p->rsp;
    frame->rbx = p->rbx;
    frame->rbp = p->rbp;
    frame->r12 = p->r12;
    frame->r13 = p->r13;
    frame->r14 = p->r14;
    frame->r15 = p->r15;
    frame->rflags &= ~(uint64_t)RFLAGS_DIRECTION;
    return true;
}

bool task_abandon_frame(struct trap_frame *frame)
{
    struct cpu_block *here = cpu_here();
    if (cpu_locks_held() != 0)
        return task_call_again(frame);
    if (cpu_in_interrupt()) {
        frame->rip = entry_interrupt_abandoned_address();
        frame->rsp = here->interrupt_stack - 8;
    } else {
        if (cpu_current_task() == NULL)
            return false;
        frame->rip = entry_abandoned_address();
        frame->rsp = here->scheduler_stack - 8;
    }
    here->again = 0;
    frame->rflags &= ~(uint64_t)RFLAGS_INTERRUPTS;
    return true;
}

bool task_step_now(struct task *task)
{
    if (task->state != TASK_FAULTED && task->state != TASK_WAITING &&
        task->state != TASK_SLEEPING)
        return false;
    gate_stop(task);
    task->restarts++;
    scheduler_wake(task, SLEEP_RESTART);
    task->context.resume = 0;
    return true;
}

enum status task_restart(struct task *task)
{
    struct scheduler *scheduler = scheduler_state();
    enum status status = STATUS_OK;
    spin_lock(&scheduler->lock);
    switch (task->state) {
    case TASK_RUNNING: status = STATUS_BUSY; break;
    case TASK_FAULTED:
    case TASK_WAITING:
    case TASK_SLEEPING: (void)task_step_now(task); break;
    default: /* READY: it keeps its place, its frames go */
        gate_stop(task);
        task->restarts++;
        task->context.resume = 0;
    }
    spin_unlock(&scheduler->lock);
    return status;
}

struct task *task_current(void)
{
    return cpu_current_task();
}

void task_for_each(task_visit_fn visit, void *arg)
{
    struct scheduler *scheduler = scheduler_state();
    struct task *task;
    spin_lock(&scheduler->lock);
    list_for_each(task, &scheduler->tasks, all) if (!visit(task, arg)) break;
    spin_unlock(&scheduler->lock);
}

bool task_sleep_restart(struct task *task)
{
    if (task->state != TASK_SLEEPING)
        return false;
    scheduler_wake(task, SLEEP_RESTART);
    return true;
}

void task_leave_event(struct task *task)
{
    if (task->wait.kind != WAIT_EVENT)
        return;
    if (task->state == TASK_WAITING)
        scheduler_wake(task, SLEEP_WOKEN);
    task->wait = wait_again();
}

void task_yield_hint(void)
{
    uint64_t flags = interrupts_off();
    atomic_store(&cpu_here()->reschedule, 1);
    cpu_send_ipi(cpu_index(), VECTOR_RESCHEDULE);
    interrupts_restore(flags);
}

void task_name_copy(const struct task *task, char out[TASK_NAME_MAX])
{
    memcpy(out, task->name, TASK_NAME_MAX);
}

const struct event *task_event(const struct task *task)
{
    return task->wait.kind == WAIT_EVENT ? task->wait.event : NULL;
}

uint64_t task_id(const struct task *task)
{
    return task->id;
}

enum task_state task_state(const struct task *task)
{
    return task->state;
}

uint64_t task_steps(const struct task *task)
{
    return task->steps;
}

uint64_t task_switches(const struct task *task)
{
    return task->switches;
}

uint64_t task_run_ns(const struct task *task)
{
    bool runs = task->state == TASK_RUNNING;
    return task->run_ns + (runs ? clock_ns() - task->started_ns : 0);
}

uint32_t task_restarts(const struct task *task)
{
    return task->restarts;
}

bool task_essential(const struct task *task)
{
    return task->essential;
}

void task_stack_range(const struct task *task, uint64_t *out_low, uint64_t *out_top)
{
    *out_low = task->stack_top - task->stack_len;
    *out_top = task->stack_top;
}

task_step_fn task_step_function(const struct task *task)
{
    return task->step;
}

void task_saved_context(const struct task *task, struct saved_context *out)
{
    *out = task->context;
}

static bool check_task(struct scheduler *scheduler, struct task *task)
{
    bool has_frames = task->context.resume != 0;
    (void)scheduler;
    switch (task->state) {
    case TASK_SLEEPING: return has_frames && !list_empty(&task->queue); /* 3 */
    case TASK_WAITING:
        return !has_frames && (task->wait.kind == WAIT_UNTIL || !list_empty(&task->queue));
    case TASK_READY: return !list_empty(&task->queue); /* 1 */
    default: return list_empty(&task->queue);
    }
}

bool task_check(void)
{
    struct scheduler *scheduler = scheduler_state();
    struct task *task;
    bool good = true;
    spin_lock(&scheduler->lock);
    list_for_each(task, &scheduler->tasks, all) good = good && check_task(scheduler, task);
    spin_unlock(&scheduler->lock);
    return good;
}
