/* Cases about swaps that are refused or taken back. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <core/archive/archive.h>
#include <mm/heap/heap.h>
#include <string.h>
#include <time/clock/clock.h>

/* Hazard 28: a refusal leaves what runs as it was. */
static void expect_refused(const char *variant, const char *code, const char *symbol)
{
    uint64_t generation = namespace_kernel()->generation;
    uint64_t attempt = swap_to(variant, 1);
    KTEST_CHECK(kswap_end(attempt) == EVOLVE_REFUSED);
    const struct evolve_report *r = kswap_report(attempt);
    KTEST_CHECK(strcmp(r->reason.code, code) == 0);
    KTEST_CHECK(strcmp(r->reason.cell, "swap_target") == 0);
    KTEST_CHECK(strcmp(r->reason.symbol, symbol) == 0);
    KTEST_CHECK(swap_target_version() == 1);
    KTEST_CHECK(namespace_kernel()->generation == generation);
    kswap_check_invariants();
}

void a_changed_type_is_refused(void)
{
    expect_refused("type", "data", "count");
}

void a_changed_signature_is_refused(void)
{
    expect_refused("signature", "signature", "swap_target_sum");
}

/* Hazard 28. It is on trial when run_redirect() does not end it. */
void a_dry_run_changes_nothing(void)
{
    struct archive_entry file;
    struct evolve_object object = {.name = "swap_target"};
    struct evolve_request request = {.set = &object, .set_count = 1, .dry_run = true};
    uint64_t attempt = 0;
    uint64_t generation = namespace_kernel()->generation;
    KTEST_CHECK(archive_find("variants/swap_target.second.o", &file) == STATUS_OK);
    object.bytes = file.bytes;
    object.len = file.len;
    KTEST_CHECK(evolve_submit(&request, &attempt) == STATUS_OK);
    KTEST_CHECK(kswap_end(attempt) == EVOLVE_PERMANENT);
    KTEST_CHECK(kswap_report(attempt)->dry_run && kswap_report(attempt)->stores > 0);
    KTEST_CHECK(swap_target_version() == 1 && namespace_kernel()->generation == generation);
    kswap_check_invariants();
}

/* Hazard 34, in the kernel: every 97th byte of a good object altered, and the object cut short. */
void a_damaged_object_is_refused(void)
{
    struct archive_entry file;
    KTEST_CHECK(archive_find("variants/swap_target.second.o", &file) == STATUS_OK);
    uint8_t *copy = heap_alloc(file.len);
    KTEST_CHECK(copy != NULL);
    for (size_t len = 0; copy && len < file.len; len += file.len / 16) {
        struct evolve_object object = {.name = "swap_target", .bytes = copy, .len = len};
        struct evolve_request request = {.set = &object, .set_count = 1, .dry_run = true};
        uint64_t attempt = 0;
        memcpy(copy, file.bytes, file.len);
        KTEST_CHECK(evolve_submit(&request, &attempt) == STATUS_OK);
        KTEST_CHECK(kswap_end(attempt) == EVOLVE_REFUSED);
    }
    for (size_t at = 0; copy && at < file.len; at += 97) {
        struct evolve_object object = {
            .name = "swap_target", .bytes = copy, .len = file.len};
        struct evolve_request request = {.set = &object, .set_count = 1, .dry_run = true};
        uint64_t attempt = 0;
        memcpy(copy, file.bytes, file.len);
        copy[at] ^= 0x55;
        KTEST_CHECK(evolve_submit(&request, &attempt) == STATUS_OK);
        KTEST_CHECK(kswap_end(attempt) >= EVOLVE_PERMANENT);
    }
    heap_free(copy);
    KTEST_CHECK(swap_target_version() == 1);
    kswap_check_invariants();
}

/* Hazard 34. Carried out without names_agree(): the history would tell of another cell than the one that was swapped. */
void an_object_under_another_name_is_refused(void)
{
    struct archive_entry file;
    struct evolve_object object = {.name = "heap"};
    struct evolve_request request = {.set = &object, .set_count = 1, .self_confirm = true};
    uint64_t attempt = 0;
    KTEST_CHECK(archive_find("variants/swap_target.second.o", &file) == STATUS_OK);
    object.bytes = file.bytes;
    object.len = file.len;
    KTEST_CHECK(evolve_submit(&request, &attempt) == STATUS_OK);
    KTEST_CHECK(kswap_end(attempt) == EVOLVE_REFUSED);
    KTEST_CHECK(strcmp(kswap_report(attempt)->reason.code, "object") == 0);
    KTEST_CHECK(swap_target_version() == 1);
}

static void expect_taken_back(const char *variant, const char *code)
{
    uint64_t attempt = swap_to(variant, 60000);
    KTEST_CHECK(kswap_end(attempt) == EVOLVE_REVERTED);
    const struct evolve_report *r = kswap_report(attempt);
    KTEST_CHECK(strcmp(r->reason.code, code) == 0);
    KTEST_CHECK(swap_target_version() == 1);
    /* The task that was caught in the bad version works again. */
    uint64_t steps = swap_target_steps();
    uint64_t end = clock_ns() + 10 * NS_PER_S;
    while (swap_target_steps() < steps + 3 && clock_ns() < end)
        ktest_sleep(NS_PER_MS);
    KTEST_CHECK(swap_target_steps() >= steps + 3);
    kswap_check_invariants();
}

/* Hazard 31. Stays when guard_fault() does not revert. */
void a_version_that_faults_is_taken_back(void)
{
    KTEST_CHECK(swap_target_task() == STATUS_OK);
    expect_taken_back("fault", "fault");
}

/* Hazard 31. The machine stands when find_stuck() finds nobody. */
void a_version_that_stops_a_cpu_is_taken_back(void)
{
    expect_taken_back("cli", "stuck");
}

/* Hazards 23 and 31. Stays when trial_step() does not look for loops. */
void a_version_that_loops_is_taken_back(void)
{
    expect_taken_back("loop", "loop");
}

enum { TARGETS = 4 };

struct targets {
    uint64_t steps[TARGETS];
    unsigned count;
};

static bool note_target(struct task *task, void *arg)
{
    struct targets *targets = arg;
    char name[TASK_NAME_MAX];
    task_name_copy(task, name);
    if (strcmp(name, "target") == 0 && targets->count < TARGETS)
        targets->steps[targets->count++] = task_steps(task);
    return true;
}

static bool all_step(void *arg)
{
    const struct targets *before = arg;
    struct targets now = {0};
    bool good = true;
    task_for_each(note_target, &now);
    for (unsigned i = 0; i < TARGETS; i++)
        good = good && now.steps[i] >= before->steps[i] + 3;
    return good;
}

/* Hazard 31. The trial is over long before a step is called a loop; and several tasks are in one. Without expel_loops() the
 * others stay there, without judge_may_loop() in make_permanent() the version becomes permanent; with one CPU it does so too when
 * nobody asks how many share it, for none of them has had it for long enough. */
void a_loop_outlives_no_trial(void)
{
    struct targets before = {0};
    for (unsigned i = 1; i < TARGETS; i++) /* the cases before this one made another */
        KTEST_CHECK(swap_target_task() == STATUS_OK);
    uint64_t attempt = swap_to("loop", 300);
    KTEST_CHECK(kswap_end(attempt) == EVOLVE_REVERTED);
    KTEST_CHECK(strcmp(kswap_report(attempt)->reason.code, "loop") == 0);
    task_for_each(note_target, &before);
    KTEST_CHECK(before.count == TARGETS);
    KTEST_CHECK(ktest_until(all_step, &before, 10 * NS_PER_S));
    kswap_check_invariants();
}

static volatile uint64_t spins;
static volatile uint64_t spin_ended;
static volatile bool spin_stop;

static struct wait spin_step(void *arg)
{
    (void)arg;
    while (!spin_stop)
        spins++;
    spin_ended = 1;
    return wait_done();
}

/* A trial waits for steps that look like loops; one that was under way before the swap is none of them. Without
 * seen_task.earlier the swap is taken back because of the spinner, which has nothing to do with it. */
void a_step_from_before_is_not_blamed(void)
{
    KTEST_CHECK(task_create("spinner", spin_step, NULL, NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&spins, 1, 10 * NS_PER_S));
    KTEST_CHECK(kswap_end(swap_to("second", 300)) == EVOLVE_PERMANENT);
    KTEST_CHECK(!spin_ended);
    spin_stop = true;
    KTEST_CHECK(ktest_until_count(&spin_ended, 1, 10 * NS_PER_S));
    swap_for_good("");
    kswap_check_invariants();
}

static volatile uint64_t calls;
static volatile uint64_t called;
static volatile bool call;

static struct wait call_step(void *arg)
{
    (void)arg;
    calls++;
    while (!call)
        cpu_pause();
    (void)swap_target_count();
    called = 1;
    return wait_done();
}

/* Hazard 31. Its step was under way before the swap, then it called what loops. Without look_inside() it stays there for good. */
void a_step_from_before_leaves_the_loop_too(void)
{
    KTEST_CHECK(task_create("caller", call_step, NULL, NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&calls, 1, 10 * NS_PER_S));
    uint64_t attempt = swap_to("loop", 300);
    call = true;
    KTEST_CHECK(kswap_end(attempt) == EVOLVE_REVERTED);
    KTEST_CHECK(strcmp(kswap_report(attempt)->reason.code, "loop") == 0);
    KTEST_CHECK(ktest_until_count(&called, 1, 10 * NS_PER_S));
    KTEST_CHECK(calls == 2);
    kswap_check_invariants();
}

void a_version_that_nobody_wants_is_taken_back(void)
{
    uint64_t attempt = swap_to("second", 60000);
    KTEST_CHECK(swap_target_version() == 2);
    KTEST_CHECK(evolve_revert(attempt, "test", "the test wants the old version") ==
                STATUS_OK);
    KTEST_CHECK(kswap_end(attempt) == EVOLVE_REVERTED);
    KTEST_CHECK(strcmp(kswap_report(attempt)->reason.code, "test") == 0);
    KTEST_CHECK(swap_target_version() == 1);
    kswap_check_invariants();
}
