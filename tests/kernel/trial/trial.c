/* The list of cases, and what they share. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <string.h>
#include <time/clock/clock.h>

enum status test_trial_start(void);

uint64_t comes_back(const char *variant, uint64_t trial_ms, const char *code,
                    const char *word)
{
    uint64_t attempt = kswap_begin(
        &(struct kswap){.cell = "swap_target", .variant = variant, .trial_ms = trial_ms});
    uint64_t begun = clock_ns();
    KTEST_CHECK(kswap_end(attempt) == EVOLVE_REVERTED);
    const struct evolve_report *r = kswap_report(attempt);
    KTEST_CHECK(strcmp(r->reason.code, code) == 0);
    KTEST_CHECK(strcmp(r->reason.cell, "swap_target") == 0);
    KTEST_CHECK(strstr(r->reason.text, word) != NULL);
    KTEST_CHECK(swap_target_version() == 1);
    kswap_check_invariants();
    return clock_ns() - begun;
}

enum status test_trial_start(void)
{
    static const struct ktest_case cases[] = {
        KTEST_CASE(a_wrong_result_comes_back),
        KTEST_CASE(a_wrong_result_that_comes_late_comes_back),
        KTEST_CASE(a_check_that_loops_is_given_up),
        KTEST_CASE(who_calls_a_cell_judges_it_too),
        KTEST_CASE(a_version_that_leaks_comes_back),
        KTEST_CASE(a_single_loss_is_no_leak),
        KTEST_CASE(what_is_kept_is_no_leak),
        KTEST_CASE(what_is_hidden_and_moves_is_no_leak),
        KTEST_CASE(a_version_that_devours_memory_comes_back),
        KTEST_CASE(what_others_take_is_not_its_doing),
        KTEST_CASE(who_has_to_confirm_and_sleeps_is_woken),
    };
    return ktest_run(cases, ARRAY_LEN(cases));
}
