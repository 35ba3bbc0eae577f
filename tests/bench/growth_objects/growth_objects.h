/* Many objects whose form changes. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_BENCH_GROWTH_OBJECTS_H
#define NEURATH_TESTS_BENCH_GROWTH_OBJECTS_H

#include <stdint.h>

/* Writes to the first object, and reads it: they are the same numbers in each version. */
void growth_objects_write(uint32_t small, uint64_t large);
void growth_objects_read(uint32_t *out_small, uint64_t *out_large);

#endif
