/* commit that faults in the middle of a park. */
/* SPDX-License-Identifier: MIT */
#include <core/commit/apply.h>
#define pokes_store(pokes, count, backwards) (*(volatile uint32_t *)0x7008 = 1)
