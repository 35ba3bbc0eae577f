/* guard that never ends a revert. */
/* SPDX-License-Identifier: MIT */
#include <core/commit/apply.h>
#define pokes_store(pokes, count, backwards)                                             \
    while (*(volatile uint32_t *)&g->version)                                            \
    closure_pause()
