/* A cell that is called from many places. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_BENCH_GROWTH_TARGET_H
#define NEURATH_TESTS_BENCH_GROWTH_TARGET_H

#include <stdint.h>

/* Gives the version that runs: 1, or 2 for the variant `second`. */
uint32_t growth_target_version(void);

#endif
