/* evolve that never comes out of its first look at a trial. */
/* SPDX-License-Identifier: MIT */
#include <core/guard/guard.h>
static inline bool never_ends(void)
{
    for (volatile bool loops = true; loops;)
        ;
    return false;
}
#define guard_asked(out) ((void)(out), never_ends())
