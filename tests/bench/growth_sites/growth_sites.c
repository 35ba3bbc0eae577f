/* Calls growth_target from many places. */
/* SPDX-License-Identifier: MIT */
#include "growth_sites.h"

#include <tests/bench/growth_target/growth_target.h>

#define CALL sum += growth_target_version();
#define CALLS_5 CALL CALL CALL CALL CALL
#define CALLS_25 CALLS_5 CALLS_5 CALLS_5 CALLS_5 CALLS_5
#define CALLS_125 CALLS_25 CALLS_25 CALLS_25 CALLS_25 CALLS_25
#define CALLS_250 CALLS_125 CALLS_125
#define CALLS_500 CALLS_250 CALLS_250
#define CALLS_1000 CALLS_500 CALLS_500
#define CALLS_2000 CALLS_1000 CALLS_1000
#define CALLS_4000 CALLS_2000 CALLS_2000

uint64_t growth_sites_sum(void)
{
    uint64_t sum = 0;
#if defined VARIANT_s500
    CALLS_500
#elif defined VARIANT_s1000
    CALLS_1000
#elif defined VARIANT_s2000
    CALLS_2000
#elif defined VARIANT_s4000
    CALLS_4000
#else
    CALLS_250
#endif
    return sum;
}
