/* The list of cases, and how they swap. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <core/archive/archive.h>
#include <stdio.h>
#include <string.h>
#include <time/clock/clock.h>

#define PATIENCE_NS (30 * NS_PER_S)

enum status test_swap_start(void);

static struct evolve_report report;

const struct evolve_report *swap_report(uint64_t attempt)
{
    KTEST_CHECK(evolve_report_read(attempt, &report) == STATUS_OK);
    return &report;
}

static bool past_commit(void *arg)
{
    return evolve_phase_of(*(uint64_t *)arg) >= EVOLVE_TRIAL;
}

static bool over(void *arg)
{
    return evolve_phase_of(*(uint64_t *)arg) >= EVOLVE_PERMANENT;
}

uint64_t swap_to(const char *variant, uint64_t trial_ms)
{
    char path[64];
    struct archive_entry file;
    struct evolve_object object = {.name = "swap_target"};
    struct evolve_request request = {.set = &object,
                                     .set_count = 1,
                                     .self_confirm = true,
                                     .trial_ns = trial_ms * NS_PER_MS};
    uint64_t attempt = 0;
    snprintf(path, sizeof path, "%s%s%s.o",
             variant[0] ? "variants/swap_target." : "cells/swap_target", variant, "");
    KTEST_CHECK(archive_find(path, &file) == STATUS_OK);
    object.bytes = file.bytes;
    object.len = file.len;
    KTEST_CHECK(evolve_submit(&request, &attempt) == STATUS_OK);
    KTEST_CHECK(ktest_until(past_commit, &attempt, PATIENCE_NS));
    return attempt;
}

enum evolve_phase swap_end(uint64_t attempt)
{
    KTEST_CHECK(ktest_until(over, &attempt, PATIENCE_NS));
    return evolve_phase_of(attempt);
}

void swap_for_good(const char *variant)
{
    KTEST_CHECK(swap_end(swap_to(variant, 1)) == EVOLVE_PERMANENT);
}

void check_invariants(void)
{
    const char *broken = namespace_check(namespace_kernel());
    KTEST_CHECK(broken == NULL);
    if (broken)
        ktest_fail("namespace_check", broken);
}

enum status test_swap_start(void)
{
    static const struct ktest_case cases[] = {
        KTEST_CASE(a_swap_changes_text_and_keeps_data),
        KTEST_CASE(pointers_taken_before_stay_valid),
        KTEST_CASE(a_constant_table_changes_in_place),
        KTEST_CASE(a_frame_in_old_text_finishes_there),
        KTEST_CASE(calls_under_load_are_never_lost),
        KTEST_CASE(a_hundred_swaps_leave_no_drift),
        KTEST_CASE(a_dry_run_changes_nothing),
        KTEST_CASE(a_changed_type_is_refused),
        KTEST_CASE(a_changed_signature_is_refused),
        KTEST_CASE(a_damaged_object_is_refused),
        KTEST_CASE(an_object_under_another_name_is_refused),
        KTEST_CASE(a_version_that_faults_is_taken_back),
        KTEST_CASE(a_version_that_stops_a_cpu_is_taken_back),
        KTEST_CASE(a_version_that_loops_is_taken_back),
        KTEST_CASE(a_loop_outlives_no_trial),
        KTEST_CASE(a_version_that_nobody_wants_is_taken_back),
        KTEST_CASE(a_confirmed_version_stays),
        KTEST_CASE(a_walk_reaches_every_sleeping_tasks_root),
    };
    return ktest_run(cases, ARRAY_LEN(cases));
}
