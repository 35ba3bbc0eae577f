/* A library that nobody can migrate: its things lie where only their users know. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_KERNEL_LINEAGE_LIBRARY_H
#define NEURATH_TESTS_KERNEL_LINEAGE_LIBRARY_H

#include <lib/base/status.h>

struct thing;

/* NULL: the library was not started, or no memory. */
struct thing *thing_create(void);
void thing_destroy(struct thing *thing);
/* Gives the sum; 0 if THING is not as this library makes them. */
uint64_t thing_add(struct thing *thing, uint64_t number);
uint32_t thing_version(void);

enum status lineage_library_start(void);
void lineage_library_stop(void);

#endif
