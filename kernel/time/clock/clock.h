/* The time since boot. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TIME_CLOCK_CLOCK_H
#define NEURATH_TIME_CLOCK_CLOCK_H

#include <lib/base/status.h>

/* The time stamp counter, measured once against the HPET (without one: the 8254). The same on all CPUs. */

/* Nanoseconds since the boot stub's first instruction; never goes back. Any context, NMI too; no lock, no calls.
 * 0 until clock_start(). */
uint64_t clock_ns(void);

/* Time stamp counter's frequency. */
uint64_t clock_tsc_hz(void);

/* Waits without giving the CPU away: for device start-up only, up to a few microseconds. */
void clock_delay_ns(uint64_t ns);

/* Called by init. Needs hpet_start(). */
void clock_start(void);

#endif
