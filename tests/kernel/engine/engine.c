/* The list of cases, how they swap, and the load meanwhile. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <console/console/console.h>
#include <core/archive/archive.h>
#include <stdio.h>
#include <string.h>
#include <task/cpu/cpu.h>
#include <task/task/task.h>

#define PATIENCE_NS (60 * NS_PER_S)
#define LOADS 6u

enum status test_engine_start(void);

uint64_t engine_swap(const char *words, uint64_t trial_ms)
{
    return kswap_begin(&(struct kswap){.others = words, .trial_ms = trial_ms});
}

uint64_t engine_swap_stuck(const char *words)
{
    return kswap_begin(
        &(struct kswap){.others = words, .trial_ms = 60000, .stuck_ms = 1000});
}

void engine_swap_for_good(const char *words)
{
    uint64_t attempt = engine_swap(words, 1);
    if (kswap_end(attempt) != EVOLVE_PERMANENT)
        ktest_fail(words, kswap_report(attempt)->reason.text);
}

void engine_works(void)
{
    uint64_t count = swap_target_count();
    kswap_check_invariants();
    engine_swap_for_good("swap_target.second");
    KTEST_CHECK(swap_target_version() == 2);
    uint64_t attempt = engine_swap("swap_target", 60000);
    KTEST_CHECK(evolve_revert(attempt, "test", "the test wants the other version") ==
                STATUS_OK);
    KTEST_CHECK(kswap_end(attempt) == EVOLVE_REVERTED && swap_target_version() == 2);
    engine_swap_for_good("swap_target");
    KTEST_CHECK(swap_target_version() == 1 && swap_target_count() == count + 1);
    kswap_check_invariants();
}

void engine_catches(void)
{
    uint64_t attempt = engine_swap("swap_target.fault", 60000);
    KTEST_CHECK(kswap_end(attempt) == EVOLVE_REVERTED);
    KTEST_CHECK(strcmp(kswap_report(attempt)->reason.code, "fault") == 0);
    engine_works();
}

/* ---- load ---------------------------------------------------------------------------------------------------------- */

static struct load {
    volatile uint64_t steps;
    volatile uint64_t sleeps; /* one a step, in the middle of it */
    volatile uint64_t sum;
} loads[LOADS];

static struct wait_queue nobody;

static struct wait load_step(void *arg)
{
    struct load *l = arg;
    uint64_t end = clock_ns() + (1 + l->steps % 5) * NS_PER_MS;
    l->sum = swap_target_sum(l->sum, 1);
    do
        spin_lock(&nobody.lock);
    while (wait_queue_sleep(&nobody, end) != SLEEP_TIMEOUT);
    l->sleeps++;
    for (uint64_t busy = clock_ns() + NS_PER_MS / 4; clock_ns() < busy;)
        cpu_pause();
    l->steps++;
    return l->steps % 3 ? wait_again() : wait_until(clock_ns() + NS_PER_MS);
}

void load_start(void)
{
    wait_queue_init(&nobody);
    KTEST_CHECK(swap_target_task() == STATUS_OK);
    for (uint32_t i = 0; i < LOADS; i++)
        KTEST_CHECK(task_create("load", load_step, &loads[i], NULL) != NULL);
}

void load_goes_on(void)
{
    for (uint32_t i = 0; i < LOADS; i++) {
        KTEST_CHECK(ktest_until_count(&loads[i].steps, loads[i].steps + 2, PATIENCE_NS));
        uint64_t steps, sum, sleeps;
        do { /* of one step: this task may stand between two of them for longer than a step takes */
            steps = loads[i].steps;
            sum = loads[i].sum;
            sleeps = loads[i].sleeps;
        } while (steps != loads[i].steps);
        KTEST_CHECK(sum - steps <= 1 && sleeps - steps <= 1);
    }
}

/* The objects of a commit's two forms are there: whoever put them into the archive wants these only. */
static bool has_forms(void)
{
    struct archive_entry file;
    return archive_find("variants/evolve.first.o", &file) == STATUS_OK;
}

/* What differs with the number of processors is who carries out a swap, who is held by it, and who watches; each bad version
 * is tried with one number. */
enum status test_engine_start(void)
{
    static const struct ktest_case often[] = {
        KTEST_CASE(load_start),
        KTEST_CASE(a_hundred_times),
    };
    static const struct ktest_case alone[] = {
        KTEST_CASE(load_start),
        KTEST_CASE(all_parts_are_swapped_at_once),
        KTEST_CASE(other_forms_arrive),
        KTEST_CASE(a_fault_takes_all_parts_back),
        KTEST_CASE(bad_entries_come_back),
        KTEST_CASE(bad_calls_with_locks_held_come_back),
        KTEST_CASE(other_forms_come_back),
    };
    static const struct ktest_case two[] = {
        KTEST_CASE(load_start),
        KTEST_CASE(each_part_is_swapped),
        KTEST_CASE(all_parts_are_swapped_at_once),
        KTEST_CASE(other_forms_arrive),
        KTEST_CASE(a_wish_takes_each_part_back),
        KTEST_CASE(a_trial_is_watched_by_what_was_there_before),
        KTEST_CASE(what_cannot_be_shared_is_refused),
        KTEST_CASE(what_reaches_elsewhere_is_refused),
        KTEST_CASE(bad_guards_come_back),
        KTEST_CASE(bad_calls_with_locks_held_come_back),
        KTEST_CASE(a_handover_that_cannot_be_made),
        KTEST_CASE(other_forms_come_back),
        KTEST_CASE(a_watcher_that_loops_comes_back),
    };
    static const struct ktest_case many[] = {
        KTEST_CASE(load_start),
        KTEST_CASE(all_parts_are_swapped_at_once),
        KTEST_CASE(other_forms_arrive),
        KTEST_CASE(a_fault_takes_all_parts_back),
        KTEST_CASE(bad_commits_come_back),
        KTEST_CASE(bad_calls_with_locks_held_come_back),
        KTEST_CASE(other_forms_come_back),
    };
    if (has_forms())
        return ktest_run(often, ARRAY_LEN(often));
    if (cpu_count() == 1)
        return ktest_run(alone, ARRAY_LEN(alone));
    return cpu_count() == 2 ? ktest_run(two, ARRAY_LEN(two))
                            : ktest_run(many, ARRAY_LEN(many));
}
