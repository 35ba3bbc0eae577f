/* A cell that exists to be swapped. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_KERNEL_SWAP_TARGET_H
#define NEURATH_TESTS_KERNEL_SWAP_TARGET_H

#include <lib/base/status.h>

/* Which version runs: 1, or 2, 3 for the variants `second` and `third`. */
uint32_t swap_target_version(void);
/* Counts its calls in a static object; the count outlives every version. */
uint64_t swap_target_count(void);
/* Adds as VERSION does; called from many tasks while swaps go on. */
#ifdef VARIANT_signature
uint64_t swap_target_sum(uint64_t a, uint32_t b, uint32_t c);
#else
uint64_t swap_target_sum(uint64_t a, uint64_t b);
#endif
/* A callback that outlives the version that gave it. */
typedef uint32_t (*swap_target_fn)(void);
swap_target_fn swap_target_callback(void);
/* Calls it as a variable, and a constant table, of this cell have it. */
uint32_t swap_target_by_variable(void);
uint32_t swap_target_by_table(void);
/* Counts a call in ((uint64_t *)COUNTS)[VERSION]; any context, also as a timer's or an interrupt's callback. */
typedef void (*swap_target_note_fn)(void *counts);
swap_target_note_fn swap_target_note(void);
/* The address of a static object, and a text from a constant table. */
uint64_t *swap_target_object(void);
const char *swap_target_word(uint32_t index);
/* Starts the cell's own task, which steps each millisecond; how often it has. */
enum status swap_target_task(void);
uint64_t swap_target_steps(void);
/* Frees what the variants that keep memory have kept. */
void swap_target_give_back(void);
/* Returns at once; in one variant, never. */
void swap_target_nap(void);
/* Stays inside this function until *GO is set. Gives the version of the text that it returned from. */
uint32_t swap_target_linger(const volatile uint64_t *go);
/* The same for NS, but asleep: it does not count as a loop. */
uint32_t swap_target_doze(uint64_t ns);
/* Takes the address of the object, sleeps until *GO is set, and writes VALUE there. Gives the version of its text. */
uint32_t swap_target_write_late(const volatile uint64_t *go, uint64_t value);

#endif
