/* guard with numbers that it keeps, one for each object that it works with. */
/* SPDX-License-Identifier: MIT */
#include <lib/base/evolve.h>
#ifndef GUARD_COUNT
#define GUARD_COUNT unsigned long
#endif
#undef EVOLVE_SCRATCH
#define EVOLVE_SCRATCH(name)                                                             \
    EVOLVE_MARK(scratch, name);                                                          \
    static GUARD_COUNT count_of_##name __attribute__((used)) = 1
