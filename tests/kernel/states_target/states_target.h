/* A cell whose data change their meaning: times in seconds, milliseconds, microseconds. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_KERNEL_STATES_TARGET_H
#define NEURATH_TESTS_KERNEL_STATES_TARGET_H

#include <lib/base/status.h>

enum { STATES_ROWS = 3 };

/* The cell's times as every version understands them, in microseconds. */
struct states_view {
    uint64_t patience;           /* an integer: of another form in each version */
    uint64_t limit;              /* in a struct with a list: of equal form in all */
    uint64_t delay[STATES_ROWS]; /* in an array of structs: likewise */
    uint64_t count;              /* of no time at all */
};

/* 0: seconds; 1: milliseconds; 2: microseconds. */
uint32_t states_target_version(void);
/* Stores IN, cut to the unit of the version. */
void states_target_write(const struct states_view *in);
/* Gives false if the list in the struct does not lead to itself. */
bool states_target_read(struct states_view *out);
/* Starts a task that steps each millisecond; the variant `crash` then faults, after it has stored 99 s as patience. */
enum status states_target_task(void);

#endif
