/* Faults where there is no task to restart. */
/* SPDX-License-Identifier: MIT */
#include <boot/bootinfo/bootinfo.h>
#include <core/archive/archive.h>
#include <core/evolve/evolve.h>
#include <string.h>
#include <task/spinlock/spinlock.h>
#include <task/task/task.h>
#include <tests/kernel/ktest/ktest.h>
#include <tests/kernel/swap_target/swap_target.h>
#include <time/clock/clock.h>
#include <time/timer/timer.h>

enum status test_fatal_start(void);

static volatile uint64_t nowhere = 0x1234567000;

static void store(void *arg)
{
    (void)arg;
    *(volatile uint8_t *)nowhere = 1;
}

static struct timer timer;

/* Faults again and again, faster than anything else can run. */
static void store_again(void *arg)
{
    timer_arm(&timer, clock_ns() + NS_PER_MS);
    store(arg);
}

/* Hazard 31: a version on trial takes a lock twice. Nothing can give its lock back. */
static void deadlock(void)
{
    struct archive_entry file;
    struct evolve_object object = {.name = "swap_target"};
    struct evolve_request request = {
        .set = &object, .set_count = 1, .trial_ns = 60 * NS_PER_S};
    uint64_t attempt;
    KTEST_CHECK(swap_target_task() == STATUS_OK);
    KTEST_CHECK(archive_find("variants/swap_target.deadlock.o", &file) == STATUS_OK);
    object.bytes = file.bytes;
    object.len = file.len;
    KTEST_CHECK(evolve_submit(&request, &attempt) == STATUS_OK);
    ktest_sleep(30 * NS_PER_S);
}

static volatile uint64_t stumbles;
static uint64_t trial_attempt;

/* Faults as often as a restart may cure it; then once more, on trial if the case has one. */
static struct wait stumble_step(void *arg)
{
    enum { CURED = 12 };
    (void)arg;
    if (stumbles >= CURED && trial_attempt != 0 &&
        evolve_phase_of(trial_attempt) != EVOLVE_TRIAL)
        return stumbles > CURED ? wait_done() : wait_until(clock_ns() + NS_PER_MS);
    __atomic_add_fetch(&stumbles, 1, __ATOMIC_SEQ_CST);
    store(NULL);
    return wait_done();
}

static void stumble(void)
{
    static const struct task_options options = {.essential = true};
    KTEST_CHECK(task_create("stumble", stumble_step, NULL, &options) != NULL);
}

/* A fault that takes a swap back is cured by that, however many came before it. */
static void a_trial_ends_before_the_machine(void)
{
    struct archive_entry file;
    struct evolve_object object = {.name = "swap_target"};
    struct evolve_request request = {
        .set = &object, .set_count = 1, .trial_ns = 60 * NS_PER_S};
    KTEST_CHECK(archive_find("variants/swap_target.second.o", &file) == STATUS_OK);
    object.bytes = file.bytes;
    object.len = file.len;
    trial_attempt = UINT64_MAX;
    stumble();
    KTEST_CHECK(ktest_until_count(&stumbles, 12, 20 * NS_PER_S));
    KTEST_CHECK(evolve_submit(&request, &trial_attempt) == STATUS_OK);
    KTEST_CHECK(ktest_until_count(&stumbles, 13, 20 * NS_PER_S));
    for (unsigned i = 0; i < 10000 && evolve_phase_of(trial_attempt) != EVOLVE_REVERTED;
         i++)
        ktest_sleep(NS_PER_MS);
    KTEST_CHECK(evolve_phase_of(trial_attempt) == EVOLVE_REVERTED);
    KTEST_CHECK(swap_target_version() == 1);
    ktest_sleep(500 * NS_PER_MS); /* longer than the task's delay */
    KTEST_CHECK(stumbles == 13);
}

static void the_machine_resets(void)
{
    static struct spinlock lock = SPINLOCK_INIT;
    char which[16] = "";
    KTEST_CHECK(boot_option("case", which, sizeof which) == STATUS_OK);
    if (strcmp(which, "trial") == 0) {
        a_trial_ends_before_the_machine();
        return;
    }
    if (strcmp(which, "essential") == 0) {
        stumble();
        ktest_sleep(30 * NS_PER_S);
    }
    if (strcmp(which, "deadlock") == 0)
        deadlock();
    if (strcmp(which, "lock") == 0) {
        spin_lock(&lock);
        store(NULL);
    }
    timer_init(&timer, store_again, NULL);
    timer_arm(&timer, clock_ns() + NS_PER_MS);
    ktest_sleep(10 * NS_PER_S);
    KTEST_CHECK(false);
}

static const struct ktest_case cases[] = {KTEST_CASE(the_machine_resets)};

enum status test_fatal_start(void)
{
    return ktest_run(cases, ARRAY_LEN(cases));
}
