/* The list of cases, and those about the scheduler. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <mm/frame/frame.h>
#include <mm/heap/heap.h>
#include <time/clock/clock.h>

enum status test_tasks_start(void);

static volatile uint64_t stop_spinning, spinning, bystander;

static struct wait spin_step(void *arg)
{
    (void)arg;
    count(&spinning);
    while (!stop_spinning)
        cpu_pause();
    count(&spinning);
    return wait_done();
}

static struct wait bystander_step(void *arg)
{
    (void)arg;
    count(&bystander);
    return bystander < 20 ? wait_until(clock_ns() + NS_PER_MS) : wait_done();
}

/* As many busy tasks as twice the CPUs: only preemption lets the others run. */
void a_busy_task_does_not_stop_the_others(void)
{
    unsigned busy = 2 * cpu_count();
    for (unsigned i = 0; i < busy; i++)
        KTEST_CHECK(task_create("spin", spin_step, NULL, NULL) != NULL);
    KTEST_CHECK(task_create("bystander", bystander_step, NULL, NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&bystander, 20, 20 * NS_PER_S));
    KTEST_CHECK(ktest_until_count(&spinning, busy, 20 * NS_PER_S));
    stop_spinning = 1;
    KTEST_CHECK(ktest_until_count(&spinning, 2 * busy, 20 * NS_PER_S));
}

static volatile uint64_t order_next, order_of[3];

static struct wait order_step(void *arg)
{
    order_of[(uint64_t)arg] = __atomic_add_fetch(&order_next, 1, __ATOMIC_SEQ_CST);
    return wait_done();
}

/* Made while a lock keeps interrupts off on CPU 0, where all three must run. */
void urgent_tasks_come_first(void)
{
    static struct spinlock lock = SPINLOCK_INIT;
    struct task_options options = {.cpu_plus_one = cpu_index() + 1};
    spin_lock(&lock);
    options.cpu_plus_one = cpu_index() + 1;
    options.priority = TASK_PRIORITY_LOW;
    KTEST_CHECK(task_create("low", order_step, (void *)0, &options) != NULL);
    options.priority = TASK_PRIORITY_NORMAL;
    KTEST_CHECK(task_create("normal", order_step, (void *)1, &options) != NULL);
    options.priority = TASK_PRIORITY_HIGH;
    KTEST_CHECK(task_create("high", order_step, (void *)2, &options) != NULL);
    spin_unlock(&lock);
    KTEST_CHECK(ktest_until_count(&order_next, 3, 5 * NS_PER_S));
    KTEST_CHECK(order_of[2] < order_of[1]);
    KTEST_CHECK(order_of[1] < order_of[0]);
}

static volatile uint64_t ended;

static struct wait end_step(void *arg)
{
    (void)arg;
    count(&ended);
    return wait_done();
}

static bool frames_are_back(void *arg)
{
    struct frame_stats stats;
    frame_stats_read(&stats);
    return stats.free + 32 >= *(uint64_t *)arg;
}

/* 20 tasks, until they have ended and their stacks are back. */
static void make_tasks_end(uint64_t total)
{
    struct frame_stats before;
    frame_stats_read(&before);
    for (unsigned i = 0; i < 20; i++)
        KTEST_CHECK(task_create("end", end_step, NULL, NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&ended, total, 10 * NS_PER_S));
    KTEST_CHECK(ktest_until(frames_are_back, &before.free, 10 * NS_PER_S));
}

/* The first ones leave page tables for the stack region, which stay; after that, nothing grows. */
void tasks_leave_nothing_behind(void)
{
    struct frame_stats before;
    struct heap_stats heap_before, heap_after;
    uint64_t total = 0;
    while (total < 100)
        make_tasks_end(total += 20);
    frame_stats_read(&before);
    heap_stats_read(&heap_before);
    while (total < 500)
        make_tasks_end(total += 20);
    KTEST_CHECK(ktest_until(frames_are_back, &before.free, 10 * NS_PER_S));
    heap_stats_read(&heap_after);
    KTEST_CHECK(heap_after.live_count <= heap_before.live_count + 8);
}

static volatile uint64_t pinned_steps, pinned_wrong;

static struct wait pinned_step(void *arg)
{
    if (cpu_index() != (uint64_t)arg)
        count(&pinned_wrong);
    count(&pinned_steps);
    return pinned_steps < 200 ? wait_again() : wait_done();
}

void a_pinned_task_stays_on_its_cpu(void)
{
    for (uint64_t cpu = 0; cpu < cpu_count(); cpu++) {
        struct task_options options = {.cpu_plus_one = (uint32_t)cpu + 1};
        KTEST_CHECK(task_create("pinned", pinned_step, (void *)cpu, &options) != NULL);
    }
    KTEST_CHECK(ktest_until_count(&pinned_steps, 200, 10 * NS_PER_S));
    KTEST_CHECK(pinned_wrong == 0);
}

static volatile uint64_t sums_done, sums_wrong;

/* A long computation in registers: each preemption must give all of them back. */
static struct wait sum_step(void *arg)
{
    uint64_t a = (uint64_t)arg, b = 1, c = 2, d = 3, e = 5, f = 7;
    uint64_t x = a, y = 1, z = 2, u = 3, v = 5, w = 7;
    for (uint64_t i = 0; i < 3000000; i++) {
        a += b * 3, b ^= c, c += d, d ^= e + i, e += f, f ^= a;
        __asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f));
    }
    for (uint64_t i = 0; i < 3000000; i++) {
        x += y * 3, y ^= z, z += u, u ^= v + i, v += w, w ^= x;
        __asm__ volatile("" : "+r"(x), "+r"(y), "+r"(z), "+r"(u), "+r"(v), "+r"(w));
    }
    if (a != x || b != y || c != z || d != u || e != v || f != w)
        count(&sums_wrong);
    count(&sums_done);
    return wait_done();
}

void registers_survive_preemption(void)
{
    unsigned tasks = 3 * cpu_count();
    for (uint64_t i = 0; i < tasks; i++)
        KTEST_CHECK(task_create("sum", sum_step, (void *)i, NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&sums_done, tasks, 60 * NS_PER_S));
    KTEST_CHECK(sums_wrong == 0);
}

/* Who is alone on its CPU is not switched for long: a loop would not be seen to take time. Fails when task_run_ns() leaves out
 * what has not ended. */
void a_task_that_runs_has_had_time(void)
{
    const struct task *self = task_current();
    uint64_t end_ns = clock_ns() + 5 * NS_PER_S;
    bool grew = false;
    while (!grew && clock_ns() < end_ns) {
        uint64_t switches = task_switches(self);
        uint64_t run_ns = task_run_ns(self);
        clock_delay_ns(NS_PER_US);
        grew = task_run_ns(self) > run_ns && task_switches(self) == switches;
    }
    KTEST_CHECK(grew);
}

void the_scheduler_keeps_its_invariants(void)
{
    KTEST_CHECK(task_check());
}

static const struct ktest_case cases[] = {
    KTEST_CASE(no_signal_is_lost_between_two_tasks),
    KTEST_CASE(no_signal_is_lost_among_many),
    KTEST_CASE(an_event_wakes_all_its_waiters),
    KTEST_CASE(an_event_wait_ends_at_its_deadline),
    KTEST_CASE(deadlines_come_in_order_and_not_early),
    KTEST_CASE(a_cancelled_timer_does_not_fire),
    KTEST_CASE(a_timer_can_arm_itself_again),
    KTEST_CASE(sleepers_are_woken_one_by_one),
    KTEST_CASE(a_sleep_ends_at_its_deadline),
    KTEST_CASE(a_restarted_sleep_enters_its_operation_again),
    KTEST_CASE(no_item_is_lost_in_a_queue),
    KTEST_CASE(a_busy_task_does_not_stop_the_others),
    KTEST_CASE(urgent_tasks_come_first),
    KTEST_CASE(tasks_leave_nothing_behind),
    KTEST_CASE(a_pinned_task_stays_on_its_cpu),
    KTEST_CASE(a_task_that_runs_has_had_time),
    KTEST_CASE(registers_survive_preemption),
    KTEST_CASE(a_closed_gate_keeps_all_other_tasks),
    KTEST_CASE(a_gate_opens_by_itself_at_its_deadline),
    KTEST_CASE(a_gate_opens_when_its_owner_faults),
    KTEST_CASE(a_task_that_passes_ends_its_step_and_no_more),
    KTEST_CASE(a_faulting_task_starts_again),
    KTEST_CASE(a_task_that_always_faults_is_slowed_down),
    KTEST_CASE(a_panic_restarts_its_task),
    KTEST_CASE(a_faulting_interrupt_handler_is_given_up),
    KTEST_CASE(who_is_made_to_leave_loses_no_interrupt),
    KTEST_CASE(a_step_that_returns_nonsense_restarts),
    KTEST_CASE(a_sleeping_task_can_be_restarted),
    KTEST_CASE(the_scheduler_keeps_its_invariants),
};

enum status test_tasks_start(void)
{
    return ktest_run(cases, ARRAY_LEN(cases));
}
