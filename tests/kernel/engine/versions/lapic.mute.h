/* lapic that faults when it sends an interrupt: with the scheduler's lock held. */
/* SPDX-License-Identifier: MIT */
#include <irq/lapic/lapic.h>
#define lapic_send(id, number)                                                           \
    lapic_send(id, number)                                                               \
    {                                                                                    \
        *(volatile uint32_t *)0x7008 = apic_id + vector;                                 \
    }                                                                                    \
    __attribute__((unused)) static void send(id, number)
