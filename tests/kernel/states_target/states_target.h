/* A cell whose data change their meaning: times in seconds, milliseconds, microseconds. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_KERNEL_STATES_TARGET_H
#define NEURATH_TESTS_KERNEL_STATES_TARGET_H

#include <lib/base/status.h>

enum { STATES_ROWS = 3, STATES_SPANS = 3, STATES_ITEMS = 4 };

/* The cell's times as every version understands them, in microseconds. */
struct states_view {
    uint64_t patience;           /* an integer: of another form in each version */
    uint64_t limit;              /* in a struct with a list: of equal form in all */
    uint64_t delay[STATES_ROWS]; /* in an array of structs: likewise */
    uint64_t count;              /* of no time at all */
    uint64_t span[STATES_SPANS]; /* in structs with edges, at several depths of a static: of another form in the last version */
    uint64_t item[STATES_ITEMS]; /* in such structs, each in an element of a list */
};

/* 0: seconds; 1: milliseconds; 2: microseconds. */
uint32_t states_target_version(void);
/* Stores IN, cut to the unit of the version. STATUS_FULL: no memory for the elements. */
enum status states_target_write(const struct states_view *in);
/* Gives false if a list does not lead to where it should, or what is no time has changed. */
bool states_target_read(struct states_view *out);
/* Starts a task that steps each millisecond; the variant `crash` then faults, after it has stored 99 s as patience. */
enum status states_target_task(void);

#endif
