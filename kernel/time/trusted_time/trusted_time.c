/* The time that somebody trusted has told, carried on by the monotonic clock. */
/* SPDX-License-Identifier: MIT */
#include "trusted_time.h"

#include <time/clock/clock.h>

/* Seconds since 1970 at the moment of boot; 0 = not known. */
static uint64_t boot_time_s;

void trusted_time_set(uint64_t unix_seconds)
{
    uint64_t up_s = clock_ns() / NS_PER_S;

    __atomic_store_n(&boot_time_s, unix_seconds > up_s ? unix_seconds - up_s : 0,
                     __ATOMIC_RELEASE);
}

uint64_t trusted_time_s(void)
{
    uint64_t boot_s = __atomic_load_n(&boot_time_s, __ATOMIC_ACQUIRE);

    return boot_s == 0 ? 0 : boot_s + clock_ns() / NS_PER_S;
}
