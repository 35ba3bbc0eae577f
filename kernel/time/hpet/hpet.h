/* The high precision event timer: the reference of the clock, and the source of the guard's NMI. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TIME_HPET_HPET_H
#define NEURATH_TIME_HPET_HPET_H

#include <lib/base/status.h>

/* IA-PC HPET specification 1.0a. Timer 0 belongs to the guard; nobody else uses comparators. */

/* Called by init: maps and starts it. STATUS_NOT_FOUND: none in this machine. */
NODISCARD enum status hpet_start(void);
bool hpet_present(void);

uint64_t hpet_counter(void);
/* Length of a tick in femtoseconds. */
uint32_t hpet_period_fs(void);

/* Comparator TIMER raises GSI each PERIOD_NS, edge-triggered, until hpet_timer_stop(). The IOAPIC decides what becomes of it.
 * STATUS_UNSUPPORTED: this timer cannot be routed there or is not periodic. No lock: one owner per timer. */
NODISCARD enum status hpet_timer_periodic(unsigned timer, unsigned gsi,
                                          uint64_t period_ns);
void hpet_timer_stop(unsigned timer);

#endif
