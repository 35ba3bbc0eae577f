/* A cell whose data change their form. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_KERNEL_MIGRATE_TARGET_H
#define NEURATH_TESTS_KERNEL_MIGRATE_TARGET_H

#include <lib/base/status.h>

enum { MIGRATE_SLOTS = 4 };

/* The cell's state as every version understands it. */
struct migrate_view {
    uint64_t count;
    int64_t x;
    int64_t y;
    int64_t temperature;
    uint32_t mode; /* 0 off, 1 slow, 2 fast: whatever the enumerators' numbers are */
    uint64_t slots[MIGRATE_SLOTS];
};

/* 1; 2: fields moved, widened, renumbered, new ones; 3: as 2, and larger than any slack; 4: as 1, and a new
 * field at the end. */
uint32_t migrate_target_version(void);
void migrate_target_write(const struct migrate_view *in);
/* Gives false if the list whose head is in the middle of the state does not lead to itself. */
bool migrate_target_read(struct migrate_view *out);
/* The field that only versions 1 and 4 have, and the one that only later ones have (0 in version 1). */
uint32_t *migrate_target_gone(void);
/* A field that all versions have, at different places; in version 2 behind the end of the form of version 1. */
uint64_t *migrate_target_slot(void);
uint32_t migrate_target_fresh(void);
/* A word of a constant table whose elements have another form in version 2. */
struct event;
struct event *migrate_target_event(void); /* in the state; it moves with each form */
int64_t migrate_target_constant(uint32_t index);
/* Lets the state point to a row of the constant table, or to none; gives the row. */
const void *migrate_target_aim(bool aim);
bool migrate_target_aims(void);
/* Where the state lies, as a number that nobody takes for a pointer to it. */
uint64_t migrate_target_home(void);
/* Starts a task that steps each millisecond; the variant `fault` then faults, after it has written 999 to the
 * temperature. */
enum status migrate_target_task(void);
/* The variant `huge_fault` (as 3) faults in that task; in others it ends. */
void migrate_target_fault(void);

#endif
