/* guard that does without the numbers. */
/* SPDX-License-Identifier: MIT */
#include <lib/base/evolve.h>
#undef EVOLVE_SCRATCH
#define EVOLVE_SCRATCH(name)                                                             \
    EVOLVE_MARK(scratch, name);                                                          \
    EVOLVE_MARK(drops, count_of_##name)
