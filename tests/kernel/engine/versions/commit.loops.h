/* commit that never comes out of a park. */
/* SPDX-License-Identifier: MIT */
#include <core/commit/apply.h>
#define pokes_store(pokes, count, backwards)                                             \
    while (*(volatile uint32_t *)&park.last_ticket)                                      \
    closure_pause()
