/* What the swap tests share. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_KERNEL_SWAP_PRIVATE_H
#define NEURATH_TESTS_KERNEL_SWAP_PRIVATE_H

#include <tests/kernel/kswap/kswap.h>
#include <tests/kernel/swap_target/swap_target.h>

/* Swaps swap_target to VARIANT ("": the version of the boot image) with a trial of TRIAL_MS, and waits until it is
 * past its commit, or over. Gives the attempt. */
uint64_t swap_to(const char *variant, uint64_t trial_ms);
/* swap_to() with a short trial, and it must become permanent. */
void swap_for_good(const char *variant);

void a_swap_changes_text_and_keeps_data(void);
void pointers_taken_before_stay_valid(void);
void a_constant_table_changes_in_place(void);
void a_frame_in_old_text_finishes_there(void);
void calls_under_load_are_never_lost(void);
void a_hundred_swaps_leave_no_drift(void);
void a_dry_run_changes_nothing(void);
void a_changed_type_is_refused(void);
void a_changed_signature_is_refused(void);
void a_damaged_object_is_refused(void);
void an_object_under_another_name_is_refused(void);
void a_version_that_faults_is_taken_back(void);
void a_version_that_stops_a_cpu_is_taken_back(void);
void a_version_that_loops_is_taken_back(void);
void a_loop_outlives_no_trial(void);
void a_step_from_before_is_not_blamed(void);
void a_step_from_before_leaves_the_loop_too(void);
void a_version_that_nobody_wants_is_taken_back(void);
void a_confirmed_version_stays(void);
void a_walk_reaches_every_sleeping_tasks_root(void);

#endif
