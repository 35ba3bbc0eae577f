/* Cases about faults in tasks. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <core/guard/guard.h>
#include <fault/fault/fault.h>
#include <string.h>
#include <time/clock/clock.h>
#include <time/timer/timer.h>

#define VECTOR_INVALID_OPCODE 6u
#define VECTOR_BREAKPOINT 3u
#define VECTOR_PAGE_FAULT 14u

static volatile uint64_t stumbles;
static volatile uint64_t nowhere = 0x1234567000;

static struct wait stumble_step(void *arg)
{
    (void)arg;
    count(&stumbles);
    if (stumbles <= 3)
        *(volatile uint8_t *)nowhere = 1;
    return wait_done();
}

void a_faulting_task_starts_again(void)
{
    uint64_t before = fault_count();
    struct fault_record record = {0};
    KTEST_CHECK(task_create("stumble", stumble_step, NULL, NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&stumbles, 4, 10 * NS_PER_S));
    KTEST_CHECK(fault_count() == before + 3);
    KTEST_CHECK(fault_at(0, &record) == STATUS_OK);
    KTEST_CHECK(record.vector == VECTOR_PAGE_FAULT);
    KTEST_CHECK(record.address == nowhere);
    KTEST_CHECK(record.error == 2);
    KTEST_CHECK(!record.fatal);
    KTEST_CHECK(strcmp(record.task, "stumble") == 0);
    KTEST_CHECK(fault_at(32, &record) == STATUS_NOT_FOUND);
}

static volatile uint64_t hopeless_calls;
static volatile bool hope;

static struct wait hopeless_step(void *arg)
{
    (void)arg;
    count(&hopeless_calls);
    if (!hope)
        __asm__ volatile("ud2");
    return wait_done();
}

static struct task *hopeless;

static bool is_given_up(struct task *task, void *arg)
{
    char name[TASK_NAME_MAX];
    task_name_copy(task, name);
    if (strcmp(name, "hopeless") == 0)
        *(bool *)arg = task_state(task) == TASK_FAULTED;
    return true;
}

static bool hopeless_given_up(void *arg)
{
    bool given_up = false;
    (void)arg;
    task_for_each(is_given_up, &given_up);
    return given_up;
}

void a_task_that_always_faults_is_slowed_down(void)
{
    uint64_t calls;
    hopeless = task_create("hopeless", hopeless_step, NULL, NULL);
    KTEST_CHECK(hopeless != NULL);
    KTEST_CHECK(ktest_until(hopeless_given_up, NULL, 60 * NS_PER_S));
    calls = hopeless_calls;
    KTEST_CHECK(calls > 5 && calls < 20);
    ktest_sleep(500 * NS_PER_MS);
    KTEST_CHECK(hopeless_calls == calls);
    hope = true; /* its faults would be among those of other cases */
    KTEST_CHECK(task_restart(hopeless) == STATUS_OK);
    KTEST_CHECK(ktest_until_count(&hopeless_calls, calls + 1, 5 * NS_PER_S));
}

static volatile uint64_t panics;

static struct wait panic_step(void *arg)
{
    (void)arg;
    count(&panics);
    if (panics == 1)
        fault_panic("a test's own %s", "mistake");
    return wait_done();
}

void a_panic_restarts_its_task(void)
{
    struct fault_record record = {0};
    KTEST_CHECK(task_create("panic", panic_step, NULL, NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&panics, 2, 10 * NS_PER_S));
    KTEST_CHECK(fault_at(0, &record) == STATUS_OK);
    KTEST_CHECK(record.vector == VECTOR_BREAKPOINT);
}

static volatile uint64_t handler_calls;

static void bad_handler(void *arg)
{
    (void)arg;
    count(&handler_calls);
    *(volatile uint8_t *)nowhere = 1;
}

/* On each CPU in turn; timers, and the task that was interrupted, go on. */
void a_faulting_interrupt_handler_is_given_up(void)
{
    static struct timer timer;
    uint64_t before = fault_count();
    struct fault_record record = {0};
    timer_init(&timer, bad_handler, NULL);
    for (uint64_t i = 1; i <= 4; i++) {
        timer_arm(&timer, clock_ns() + NS_PER_MS);
        KTEST_CHECK(ktest_until_count(&handler_calls, i, 5 * NS_PER_S));
        ktest_sleep(2 * NS_PER_MS);
        KTEST_CHECK(!timer_running(&timer));
    }
    KTEST_CHECK(fault_count() == before + 4);
    KTEST_CHECK(fault_at(0, &record) == STATUS_OK);
    KTEST_CHECK(record.in_interrupt && !record.fatal);
    KTEST_CHECK(!cpu_in_interrupt());
}

static volatile uint64_t nonsense_calls;

static struct wait nonsense_step(void *arg)
{
    (void)arg;
    count(&nonsense_calls);
    return nonsense_calls == 1 ? (struct wait){.kind = 77} : wait_done();
}

void a_step_that_returns_nonsense_restarts(void)
{
    uint64_t before = fault_count();
    KTEST_CHECK(task_create("nonsense", nonsense_step, NULL, NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&nonsense_calls, 2, 5 * NS_PER_S));
    KTEST_CHECK(fault_count() == before + 1);
}

#define ROUNDS 100u

static volatile uint64_t laps, beats;
static volatile bool laps_over;

static struct wait lap_step(void *arg)
{
    (void)arg;
    count(&laps);
    while (!laps_over)
        cpu_pause();
    return wait_done();
}

static struct wait beat_step(void *arg)
{
    (void)arg;
    count(&beats);
    return laps_over ? wait_done() : wait_until(clock_ns() + NS_PER_MS);
}

/* An NMI makes TASK leave what it does on CPU, while another interrupt comes there. Then it is to begin again. */
static bool leaves_and_begins(struct task *task, unsigned cpu, uint64_t round)
{
    uint64_t seen = laps;
    uint64_t end_ns = clock_ns() + 10 * NS_PER_S;
    uint32_t restarts = task_restarts(task);
    while (task_restarts(task) == restarts && clock_ns() < end_ns) {
        cpu_send_ipi(cpu, VECTOR_CALL);
        clock_delay_ns(round % 16 * 100);
        guard_abandon(cpu, task);
        for (unsigned i = 0; i < 1000 && task_restarts(task) == restarts; i++)
            cpu_pause();
    }
    while (laps == seen && clock_ns() < end_ns) { /* not after the delay of who faults */
        if (task_state(task) == TASK_WAITING && task_restart(task) != STATUS_OK)
            return false;
        clock_delay_ns(10 * NS_PER_US);
    }
    return laps != seen;
}

/* The processor may have taken an interrupt, and not come to its handler yet: whoever is made to leave in that moment takes
 * it along, and as nobody ends it, none of its kind comes again. */
void who_is_made_to_leave_loses_no_interrupt(void)
{
    unsigned cpu = cpu_count() - 1;
    struct task_options options = {.cpu_plus_one = cpu + 1};
    struct task *task = task_create("laps", lap_step, NULL, &options);
    bool good = task && task_create("beats", beat_step, NULL, &options);
    for (uint64_t i = 0; i < ROUNDS && good && cpu != 0; i++)
        good = leaves_and_begins(task, cpu, i);
    KTEST_CHECK(good);
    KTEST_CHECK(ktest_until_count(&beats, beats + 10, 5 * NS_PER_S));
    laps_over = true;
    KTEST_CHECK(ktest_until_count(&beats, beats + 1, 5 * NS_PER_S));
}

static struct wait_queue bed;
static volatile uint64_t lie_downs;
static struct task *sleeper;

static struct wait sleeper_step(void *arg)
{
    (void)arg;
    count(&lie_downs);
    if (lie_downs == 2)
        return wait_done();
    spin_lock(&bed.lock);
    (void)wait_queue_sleep(&bed, 0);
    return wait_again();
}

static bool sleeper_sleeps(void *arg)
{
    (void)arg;
    return task_state(sleeper) == TASK_SLEEPING;
}

void a_sleeping_task_can_be_restarted(void)
{
    wait_queue_init(&bed);
    sleeper = task_create("sleeper", sleeper_step, NULL, NULL);
    KTEST_CHECK(sleeper != NULL);
    KTEST_CHECK(ktest_until(sleeper_sleeps, NULL, 5 * NS_PER_S));
    KTEST_CHECK(task_restart(sleeper) == STATUS_OK);
    KTEST_CHECK(ktest_until_count(&lie_downs, 2, 5 * NS_PER_S));
    KTEST_CHECK(list_empty(&bed.waiters));
}
