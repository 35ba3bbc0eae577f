/* What happens after an exception: guard, report, record, restart. */
/* SPDX-License-Identifier: MIT */
#include <fault/fault/fault.h>

#include "private.h"

#include <core/guard/guard.h>
#include <core/stale/stale.h>
#include <fault/power/power.h>
#include <irq/interrupt/interrupt.h>
#include <lib/base/atomic.h>
#include <lib/format/format.h>
#include <mm/paging/paging.h>
#include <string.h>
#include <task/spinlock/spinlock.h>
#include <task/task/task.h>
#include <time/clock/clock.h>

#define RECORDS 32u
#define VECTOR_DOUBLE_FAULT 8u
#define VECTOR_PAGE_FAULT 14u
#define VECTOR_MACHINE_CHECK 18u
#define STREAK_MAX 12u /* faults in a row, after which a task is slowed down */
#define STREAK_NS (60 * NS_PER_S)
#define PANIC_TEXT_MAX 160u

static struct {
    struct spinlock lock;
    struct fault_record records[RECORDS]; /* [L] */
    uint64_t count;                       /* [a] */
    struct event event;
    /* [c] by CPU number */
    uint64_t handling[CPU_MAX]; /* who handles a fault (handler_mark()); 0: nobody */
    char panic_text[CPU_MAX][PANIC_TEXT_MAX];
    uint64_t panic_pc[CPU_MAX];
    uint32_t interrupt_streak; /* faults of interrupt handlers that followed each other */
    uint64_t interrupt_fault_ns;
    /* Of fault_expect(). */
    uint64_t expect_low, expect_high, expect_resume, expected_vector;
} fault;

void fault_expect(uint64_t low, uint64_t high, uint64_t resume_rip)
{
    fault.expect_low = low;
    fault.expect_resume = resume_rip;
    fault.expected_vector = UINT64_MAX;
    atomic_store(&fault.expect_high, high);
}

uint64_t fault_expected_vector(void)
{
    return atomic_load(&fault.expected_vector);
}

static bool take_expected(struct trap_frame *frame)
{
    if (frame->rip < fault.expect_low || frame->rip >= atomic_load(&fault.expect_high))
        return false;
    fault.expect_high = 0;
    frame->rip = fault.expect_resume;
    atomic_store(&fault.expected_vector, frame->vector);
    return true;
}

static uint64_t fault_address(void)
{
    uint64_t address;
    __asm__ volatile("movq %%cr2, %0" : "=r"(address));
    return address;
}

/* A handler that faults each time would leave no time for anything else. */
static bool interrupt_streak_over(void)
{
    uint64_t now = clock_ns();
    if (now - fault.interrupt_fault_ns > STREAK_NS)
        fault.interrupt_streak = 0;
    fault.interrupt_fault_ns = now;
    return ++fault.interrupt_streak > STREAK_MAX;
}

enum cure {
    CURE_NONE,      /* the machine resets */
    CURE_INTERRUPT, /* the handler is given up, what it interrupted goes on */
    CURE_TASK,      /* the task restarts, soon or later */
    CURE_AGAIN,     /* what was called begins again, in the version before */
};

/* Says whether this CPU faulted in a park, which a swap may be in the middle of. */
static bool in_park(void)
{
    const struct trap_frame *interrupted =
        (const struct trap_frame *)cpu_here()->interrupt_frame;
    return interrupted->vector == VECTOR_PARK;
}

/* Nothing that holds a lock can be given up, but what it has called may be something that can begin again. Nor can the
 * scheduler, which is nobody's task, or a park, unless its swap has just been REVERTED. A fault that took a swap back, or
 * came of it, is cured by that: an essential task gets another start, in the version before. AGAIN: a copy of FRAME, for
 * CURE_AGAIN. */
static enum cure cure_of(const struct trap_frame *frame, bool reverted,
                         struct trap_frame *again)
{
    if (frame->vector == VECTOR_MACHINE_CHECK)
        return CURE_NONE;
    if (cpu_locks_held() != 0)
        return reverted && task_call_again(again) ? CURE_AGAIN : CURE_NONE;
    if (cpu_in_interrupt())
        return (reverted || !in_park()) && !interrupt_streak_over() ? CURE_INTERRUPT
                                                                    : CURE_NONE;
    if (cpu_current_task() == NULL || (!reverted && task_fault_streak() >= STREAK_MAX &&
                                       task_essential(cpu_current_task())))
        return CURE_NONE;
    return CURE_TASK;
}

static void fill_record(struct fault_record *record, const struct trap_frame *frame)
{
    *record = (struct fault_record){
        .time_ns = clock_ns(),
        .vector = frame->vector,
        .error = frame->error,
        .rip = frame->rip,
        .cpu = cpu_index(),
    };
    if (frame->vector == VECTOR_PAGE_FAULT || frame->vector == VECTOR_DOUBLE_FAULT)
        record->address = fault_address();
    if (cpu_current_task() != NULL)
        task_name_copy(cpu_current_task(), record->task);
    /* Of a panic, who called it says more. */
    report_place(fault.panic_pc[record->cpu] != 0 ? fault.panic_pc[record->cpu]
                                                  : frame->rip,
                 record->place, sizeof record->place);
}

/* QUIET: with a lock held, perhaps the scheduler's. Who waits for the event hears of it with the next. */
static void keep_record(struct fault_record *record, bool quiet)
{
    spin_lock(&fault.lock);
    record->number = fault.count + 1;
    fault.records[fault.count % RECORDS] = *record;
    atomic_store(&fault.count, record->number);
    spin_unlock(&fault.lock);
    if (!quiet)
        event_signal(&fault.event);
}

enum status fault_at(size_t index, struct fault_record *out)
{
    enum status status = STATUS_NOT_FOUND;
    spin_lock(&fault.lock);
    if (index < RECORDS && index < fault.count) {
        *out = fault.records[(fault.count - 1 - index) % RECORDS];
        status = STATUS_OK;
    }
    spin_unlock(&fault.lock);
    return status;
}

uint64_t fault_count(void)
{
    return atomic_load(&fault.count);
}

struct event *fault_event(void)
{
    return &fault.event;
}

NORETURN static void end_machine(const struct trap_frame *frame,
                                 struct fault_record *record)
{
    record->fatal = true;
    report(frame, record, fault.panic_text[record->cpu]);
    power_reset();
}

/* Another fault with the same mark is the last one. The guard may make a task leave that is handling a fault; then it has begun
 * again, and nobody will ever take its mark away. */
static uint64_t handler_mark(void)
{
    const struct task *task = cpu_current_task();
    uint64_t who = task ? task_id(task) << 32 | task_restarts(task) : 0;
    return who | 1ull << 63;
}

void fault_handle(struct trap_frame *frame)
{
    struct fault_record record;
    struct trap_frame again = *frame;
    uint64_t *handling = &fault.handling[cpu_index()];
    uint64_t mark;
    bool reverted;
    bool withdrawn;
    enum cure cure;
    if (take_expected(frame) || stale_fault(frame))
        return;
    /* Before anything else that the new version may have broken. */
    withdrawn = stale_withdrawn(frame);
    reverted = withdrawn || guard_fault(frame);
    cpu_here()->fault_frame = 0;
    mark = handler_mark();
    if (atomic_exchange(handling, mark) == mark) {
        report_nested(frame);
        power_reset();
    }
    fill_record(&record, frame);
    record.reverted = reverted && !withdrawn;
    cure = cure_of(frame, reverted, &again);
    if (cure == CURE_NONE)
        end_machine(frame, &record);
    record.in_interrupt = cure == CURE_INTERRUPT;
    if (cure != CURE_AGAIN) /* the log takes locks; the swap's report names the place too */
        report(frame, &record, fault.panic_text[record.cpu]);
    fault.panic_text[record.cpu][0] = 0;
    fault.panic_pc[record.cpu] = 0;
    keep_record(&record, cure == CURE_AGAIN);
    atomic_store(handling, 0);
    if (cure == CURE_AGAIN) {
        *frame = again;
        return;
    }
    if (cure == CURE_INTERRUPT)
        interrupt_abandon();
    task_abandon(task_fault_streak() < STREAK_MAX);
}

void fault_panic(const char *format, ...)
{
    va_list arguments;
    (void)interrupts_off();
    fault.panic_pc[cpu_index()] = (uint64_t)__builtin_return_address(0) - 1;
    va_start(arguments, format);
    (void)format_text_list(fault.panic_text[cpu_index()], PANIC_TEXT_MAX, format,
                           arguments);
    va_end(arguments);
    for (;;)
        __asm__ volatile("int3");
}
