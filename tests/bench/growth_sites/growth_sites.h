/* Calls growth_target from many places. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_BENCH_GROWTH_SITES_H
#define NEURATH_TESTS_BENCH_GROWTH_SITES_H

#include <stdint.h>

/* Gives the sum of what all calls say: their number times the target's version. */
uint64_t growth_sites_sum(void);

#endif
