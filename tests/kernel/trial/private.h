/* What the tests of the trial share. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_KERNEL_TRIAL_PRIVATE_H
#define NEURATH_TESTS_KERNEL_TRIAL_PRIVATE_H

#include <tests/kernel/kswap/kswap.h>
#include <tests/kernel/swap_target/swap_target.h>

/* Swaps swap_target to VARIANT with a trial of TRIAL_MS, which takes it back with CODE and WORD in what it says. Gives how
 * long that took, from the commit on, in ns. */
uint64_t comes_back(const char *variant, uint64_t trial_ms, const char *code,
                    const char *word);

/* checks.c */
void a_wrong_result_comes_back(void);
void a_wrong_result_that_comes_late_comes_back(void);
void a_check_that_loops_is_given_up(void);
void who_calls_a_cell_judges_it_too(void);

/* memory.c */
void a_version_that_leaks_comes_back(void);
void a_single_loss_is_no_leak(void);
void what_is_kept_is_no_leak(void);
void what_is_hidden_and_moves_is_no_leak(void);
void what_others_take_is_not_its_doing(void);
void a_version_that_devours_memory_comes_back(void);

/* silence.c */
void who_has_to_confirm_and_sleeps_is_woken(void);

#endif
