/* What the cases about single hazards share. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_KERNEL_HAZARDS_PRIVATE_H
#define NEURATH_TESTS_KERNEL_HAZARDS_PRIVATE_H

#include <core/namespace/namespace.h>
#include <tests/kernel/kswap/kswap.h>
#include <tests/kernel/swap_target/swap_target.h>

#define PATIENCE_NS (60 * NS_PER_S)
#define INT3 0xcc

/* Swaps swap_target to VARIANT ("": the version of the boot image) with a short trial; the invariants must hold. */
enum evolve_phase hazards_swap(const char *variant);

/* Fills V's text with INT3, and gives what it held (heap); or, with BYTES, takes them and puts them back. */
uint8_t *hazards_fill(const struct version *v, uint8_t *bytes);

/* In places.c. */
void callbacks_of_every_place_lead_to_new_text(void);
void interrupts_and_timers_go_on_through_swaps(void);
void who_sleeps_writes_to_what_the_new_code_reads(void);
void call_sites_at_every_offset_lead_to_new_text(void);
void no_alias_outlives_a_swap(void);

/* In removal.c. */
void tasks_of_a_cell_that_comes_back_go_on(void);
void tasks_of_a_cell_that_the_guard_brings_back_go_on(void);
void tasks_of_a_cell_that_is_gone_end(void);

#endif
