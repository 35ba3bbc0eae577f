/* What the tests of the engine share. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_KERNEL_ENGINE_PRIVATE_H
#define NEURATH_TESTS_KERNEL_ENGINE_PRIVATE_H

#include <lib/base/types.h>
#include <tests/kernel/kswap/kswap.h>
#include <tests/kernel/swap_target/swap_target.h>
#include <time/clock/clock.h>

/* Swaps cells: WORDS is "cell" (as in the boot image) or "cell.version", several with blanks between. Waits until the
 * attempt is past its commit, or over, and gives it. */
uint64_t engine_swap(const char *words, uint64_t trial_ms);
/* The same for one that will be stuck, which a second tells; with a long trial. */
uint64_t engine_swap_stuck(const char *words);
/* engine_swap() with a short trial, and it must become permanent. */
void engine_swap_for_good(const char *words);
/* The namespace's invariants hold, and an ordinary swap works there and back, and when it is taken back. */
void engine_works(void);
/* Nor does a fault survive a trial. Not more often than ten times a minute: the task that faults would be slowed down. */
void engine_catches(void);

/* Tasks that yield, wait and sleep with frames on their stacks, and are preempted, for as long as the test lasts. */
void load_start(void);
/* All of them go on, and none has lost a step. */
void load_goes_on(void);

void each_part_is_swapped(void);
void all_parts_are_swapped_at_once(void);
void a_wish_takes_each_part_back(void);
void a_fault_takes_all_parts_back(void);
void a_trial_is_watched_by_what_was_there_before(void);
void other_forms_arrive(void);
void other_forms_come_back(void);
void a_handover_that_cannot_be_made(void);
void bad_commits_come_back(void);
void bad_guards_come_back(void);
void a_watcher_that_loops_comes_back(void);
void bad_entries_come_back(void);
void bad_calls_with_locks_held_come_back(void);
void what_cannot_be_shared_is_refused(void);
void what_reaches_elsewhere_is_refused(void);
void a_hundred_times(void);

#endif
