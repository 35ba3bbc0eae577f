/* The local APIC of this CPU: end of interrupt, timer, interrupts to other CPUs. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_IRQ_LAPIC_LAPIC_H
#define NEURATH_IRQ_LAPIC_LAPIC_H

#include <lib/base/status.h>

/* Intel SDM volume 3, chapter 11 (xAPIC registers). Any context; per CPU, interrupts off where two registers are written. */

/* Ends the interrupt in service on this CPU. Never for NMI or the spurious vector. No calls, no locks. */
void lapic_eoi(void);

uint32_t lapic_id(void);

/* Interrupt to the CPU with this APIC id. */
void lapic_send(uint32_t apic_id, unsigned vector);
void lapic_send_nmi(uint32_t apic_id);
void lapic_send_init(uint32_t apic_id);
/* PAGE: bits 12..19 of the start address. */
void lapic_send_startup(uint32_t apic_id, unsigned page);

/* One VECTOR_TIMER interrupt on this CPU in DELAY_NS (at least a microsecond; long delays are cut to what the counter
 * holds). A new call replaces the old one. */
void lapic_timer_arm(uint64_t delay_ns);
void lapic_timer_stop(void);

/* Interrupt or NMI pending or in service on this CPU? For assertions and the guard. */
bool lapic_in_service(unsigned vector);

/* Called by init: finds the registers, then on each CPU: switches it on. Needs paging and ACPI. */
NODISCARD enum status lapic_start(void);
void lapic_start_cpu(void);
/* Measures the timer against clock_ns(). Boot processor, interrupts off. */
void lapic_timer_calibrate(void);

#endif
