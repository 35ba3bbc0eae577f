/* commit that does not let the other CPUs go. */
/* SPDX-License-Identifier: MIT */
#include <core/commit/apply.h>
#define cpu_serialise()                                                                  \
    while (*(volatile uint32_t *)&park.last_ticket)                                      \
    closure_pause()
