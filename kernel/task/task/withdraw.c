/* Takes tasks out of text that is withdrawn: they begin their step again. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

/* For the guard, in NMI or fault context, with every other CPU held where it might have been preempted. So the
 * scheduler's lock is free, its lists are whole, and each task that does not run is on its stack or on no stack. No locks,
 * no indirect calls, and no walk of frames: every word of a stack counts, so a task may begin again for nothing. */

enum { TASKS_MAX = 65536, RFLAGS_INTERRUPTS = 0x200 };

static bool in_ranges(uint64_t value, const struct address_range *ranges, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (value >= ranges[i].begin && value < ranges[i].end)
            return true;
    return false;
}

static bool stack_leads_to(const struct task *task, uint64_t rsp,
                           const struct address_range *texts, uint32_t count)
{
    uint64_t low = task->stack_top - task->stack_len;
    for (uint64_t at = align_up(rsp, 8); at >= low && at < task->stack_top; at += 8)
        if (in_ranges(*(const volatile uint64_t *)at, texts, count))
            return true;
    return false;
}

/* What FRAME interrupted has a frame in TEXTS: its own PC counts too. */
static bool frame_leads_to(const struct task *task, const struct trap_frame *frame,
                           const struct address_range *texts, uint32_t count)
{
    return task != NULL && (in_ranges(frame->rip, texts, count) ||
                            stack_leads_to(task, frame->rsp, texts, count));
}

/* entry_abandoned moves to the scheduler stack of whatever CPU it comes to run on. */
static void abandon_frame(struct trap_frame *frame)
{
    frame->rip = entry_abandoned_address();
    frame->rflags &= ~(uint64_t)RFLAGS_INTERRUPTS;
}

bool task_leave_frame(struct trap_frame *frame, const struct address_range *texts,
                      uint32_t count)
{
    struct cpu_block *here = cpu_here();
    if (!(frame->rflags &
          RFLAGS_INTERRUPTS)) /* a handler, or something that cannot be left */
        frame = cpu_in_interrupt() ? (struct trap_frame *)here->interrupt_frame : NULL;
    if (frame == NULL || !frame_leads_to(here->current, frame, texts, count))
        return false;
    abandon_frame(frame);
    return true;
}

/* TASK is READY or asleep: its frames go, its step is called when it is its turn. */
static void begin_again(struct task *task)
{
    task->passes = false;
    task->context.resume = 0;
    if (task->state == TASK_READY)
        return;
    list_remove(&task->queue);
    task->deadline_ns = 0;
    scheduler_put_ready(task);
}

/* A CPU is stuck with the scheduler's lock: nothing of it can be relied on. The guard resets the machine. */
static bool is_broken(const struct scheduler *scheduler)
{
    return __atomic_load_n(&scheduler->lock.taken, __ATOMIC_ACQUIRE) != 0;
}

uint32_t task_leave_texts(const struct address_range *texts, uint32_t count)
{
    struct scheduler *scheduler = scheduler_state();
    struct task *task;
    uint32_t left = 0;
    uint32_t seen = 0;
    if (is_broken(scheduler))
        return 0;
    list_for_each(task, &scheduler->tasks, all)
    {
        if (++seen > TASKS_MAX)
            break;
        if ((task->state != TASK_READY && task->state != TASK_SLEEPING) ||
            task->context.resume == 0 ||
            !stack_leads_to(task, task->context.rsp, texts, count))
            continue;
        task->restarts++;
        begin_again(task);
        left++;
    }
    return left;
}

/* TASK is next to the head of a list of waiters in OBJECTS. */
static bool waits_in(const struct task *task, const struct address_range *objects,
                     uint32_t count)
{
    return (task->state == TASK_WAITING || task->state == TASK_SLEEPING) &&
           (in_ranges((uint64_t)task->queue.next, objects, count) ||
            in_ranges((uint64_t)task->queue.prev, objects, count));
}

void task_leave_objects(const struct address_range *objects, uint32_t count)
{
    struct scheduler *scheduler = scheduler_state();
    struct task *task;
    uint32_t seen = 0;
    bool more = !is_broken(scheduler);
    while (more && seen < TASKS_MAX) { /* each round takes the ends of every list */
        more = false;
        list_for_each(task, &scheduler->tasks, all)
        {
            if (++seen > TASKS_MAX)
                break;
            if (!waits_in(task, objects, count))
                continue;
            begin_again(task);
            more = true;
        }
    }
}
