/* namespace that faults when it is asked for the name of an address. */
/* SPDX-License-Identifier: MIT */
#include <core/namespace/namespace.h>
#define namespace_symbolise(space, at, text, text_len)                                   \
    namespace_symbolise(space, at, text, text_len)                                       \
    {                                                                                    \
        (void)ns, (void)out;                                                             \
        *(volatile uint64_t *)0x7008 = va + len;                                         \
    }                                                                                    \
    __attribute__((unused)) static void symbolise(space, at, text, text_len)
