/* What the tests of elements that change their form share. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_KERNEL_MOVING_PRIVATE_H
#define NEURATH_TESTS_KERNEL_MOVING_PRIVATE_H

#include <tests/kernel/kswap/kswap.h>
#include <tests/kernel/moving_target/moving_target.h>

#define PATIENCE_NS (30 * NS_PER_S)

/* Dead words of this task's stack still point to what it has looked at. */
void forget(void);
/* Swaps the list's cell to VARIANT; waits until that is past its commit, or over. Gives the attempt. */
uint64_t swap_to(const char *variant, uint64_t trial_ms);
/* Waits until ATTEMPT is over, and checks the invariants. */
const struct evolve_report *end_of(uint64_t attempt);
/* R ended in PHASE, with CODE (NULL: any). */
bool became(const struct evolve_report *r, enum evolve_phase phase, const char *code);
/* COUNT elements, of which the numbers add up to SUM, are there once each, in order, and hold MARK. */
bool holds(uint64_t count, uint64_t sum, uint64_t mark);

/* What happens between the first walk and the one before the stores (core/evolve/draft.h). */
void a_pointer_that_moves_about_is_found(void);
void a_pointer_that_is_dropped_soon_refuses_nothing(void);
void who_joins_meanwhile_is_looked_for(void);
void who_leaves_meanwhile_is_looked_at(void);
void elements_come_and_go_meanwhile(void);
/* hunger.c */
void who_has_taken_all_memory_keeps_nothing_from_going_back(void);
void nor_when_what_gives_memory_goes_back_too(void);
/* handler.c */
void what_a_handler_stores_into_moves(void);

#endif
