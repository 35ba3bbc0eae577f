/* guard with numbers that it keeps, one for each object that it works with: their move is the handover's. */
/* SPDX-License-Identifier: MIT */
#include <lib/base/evolve.h>
#ifndef GUARD_KEPT
#define GUARD_KEPT unsigned
#endif
#undef EVOLVE_SCRATCH
#define EVOLVE_SCRATCH(name)                                                             \
    EVOLVE_MARK(scratch, name);                                                          \
    static GUARD_KEPT kept_of_##name __attribute__((used)) = 1
