/* lapic that never comes back when it sets the timer: with locks held. */
/* SPDX-License-Identifier: MIT */
#include <irq/lapic/lapic.h>
#define lapic_timer_arm(delay)                                                           \
    lapic_timer_arm(delay)                                                               \
    {                                                                                    \
        while (delay_ns)                                                                 \
            __asm__ volatile("pause");                                                   \
    }                                                                                    \
    __attribute__((unused)) static void set_timer(delay)
