/* The list of cases, and how they swap. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

enum status test_swap_start(void);

uint64_t swap_to(const char *variant, uint64_t trial_ms)
{
    return kswap_to("swap_target", variant, trial_ms);
}

void swap_for_good(const char *variant)
{
    kswap_for_good("swap_target", variant);
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
        KTEST_CASE(a_step_from_before_is_not_blamed),
        KTEST_CASE(a_step_from_before_leaves_the_loop_too),
        KTEST_CASE(a_version_that_nobody_wants_is_taken_back),
        KTEST_CASE(a_confirmed_version_stays),
        KTEST_CASE(a_walk_reaches_every_sleeping_tasks_root),
    };
    return ktest_run(cases, ARRAY_LEN(cases));
}
