/* A cell that is there so that there are many: functions, and data of its own. */
/* SPDX-License-Identifier: MIT */
#include <stdint.h>

#define SOME(n)                                                                          \
    static uint64_t object_##n = n;                                                      \
    __attribute__((used, noinline)) static uint64_t function_##n(uint64_t x)             \
    {                                                                                    \
        object_##n += x;                                                                 \
        return object_##n * x;                                                           \
    }

SOME(0)
SOME(1)
SOME(2)
SOME(3)
SOME(4)
SOME(5)
SOME(6)
SOME(7)
