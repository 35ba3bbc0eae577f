/* What the tests of undoing and queueing share. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_KERNEL_UNDO_PRIVATE_H
#define NEURATH_TESTS_KERNEL_UNDO_PRIVATE_H

#include <tests/kernel/kswap/kswap.h>
#include <tests/kernel/swap_target/swap_target.h>

/* kswap_submit() and kswap_run() of swap_target. */
enum status undo_submit(const char *variant, uint64_t trial_ms, uint64_t *out_attempt);
enum evolve_phase undo_swap(const char *variant);
/* Lends the swap task. */
struct task *undo_swap_task(void);
/* Waits until no more than OBJECTS of the heap are in use, and checks heap, frames and namespace. */
bool undo_is_whole(uint64_t objects);
/* Objects of the heap in use. Every region of cell memory has one too. */
uint64_t undo_live(void);
/* Says what runs: text and constants of every running version, where its calls and its stubs lead, and the
 * namespace's generation. */
uint64_t undo_digest(void);

void a_swap_that_runs_out_of_memory_changes_nothing(void);
void a_list_that_cannot_be_moved_stays_as_it_is(void);
void a_cpu_that_comes_late_is_waited_for(void);
void a_cpu_that_cannot_be_held_is_named(void);
void requests_of_several_tasks_are_carried_out_in_order(void);
void a_full_queue_says_so(void);

#endif
