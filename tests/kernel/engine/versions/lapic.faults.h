/* lapic that faults when it sets the timer: with locks held. */
/* SPDX-License-Identifier: MIT */
#include <irq/lapic/lapic.h>
#define lapic_timer_arm(delay)                                                           \
    lapic_timer_arm(delay)                                                               \
    {                                                                                    \
        *(volatile uint64_t *)0x7008 = delay_ns;                                         \
    }                                                                                    \
    __attribute__((unused)) static void set_timer(delay)
