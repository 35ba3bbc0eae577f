/* What the tests of coupled swaps share. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_KERNEL_COUPLED_PRIVATE_H
#define NEURATH_TESTS_KERNEL_COUPLED_PRIVATE_H

#include <tests/kernel/coupled_client/coupled_client.h>
#include <tests/kernel/coupled_server/coupled_server.h>
#include <tests/kernel/kswap/kswap.h>

/* Swaps both cells to VARIANT ("": those of the boot image), or the server alone, and waits until the attempt is past its
 * commit, or over. Gives the attempt. */
uint64_t couple_to(const char *variant, uint64_t trial_ms);
uint64_t serve_alone(const char *variant);
/* couple_to() with a short trial, and it must become permanent. */
void couple_for_good(const char *variant);
/* ATTEMPT was refused with CODE, naming SYMBOL and DEPENDENT; version 1 runs as before. */
void expect_refused(uint64_t attempt, const char *code, const char *symbol,
                    const char *dependent);
void check_invariants(void);

/* Tasks that send messages all the time, in short and in long steps. */
void load_begin(void);
/* Ends them. No message had a wrong answer or crossed versions directly; nor, if STRICT, by pointer. */
void load_end(bool strict);

void caller_and_callee_change_together(void);
void a_withheld_caller_is_refused(void);
void no_message_crosses_versions_under_load(void);
void a_task_asleep_inside_restarts_in_new_text(void);
void a_task_that_stays_inside_is_named(void);
void a_frame_in_an_unchanged_function_moves(void);
void a_held_pointer_to_an_old_form_is_named(void);
void a_held_pointer_that_moves_about_is_found(void);
void a_stack_that_cannot_be_walked_is_named(void);
void a_wish_takes_it_back_under_load(void);
void a_fault_takes_it_back_under_load(void);
void a_loop_takes_it_back(void);
void fifty_coupled_swaps_leave_no_drift(void);

#endif
