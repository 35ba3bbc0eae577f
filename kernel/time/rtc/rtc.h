/* The battery-backed clock: the calendar time, as the machine believes it. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TIME_RTC_RTC_H
#define NEURATH_TIME_RTC_RTC_H

#include <lib/base/status.h>

/* MC146818. Taken to be UTC. Nobody may base trust on it (design.md 7). */

/* Seconds since 1970-01-01T00:00:00Z. Waits up to a millisecond for an update to end; takes a lock.
 * STATUS_IO: the registers make no sense. */
NODISCARD enum status rtc_read(uint64_t *out_unix_s);

/* RTC time now by the monotonic clock: read once at start, then counted on; 0 when the first read failed.
 * Cheap, any context. */
uint64_t rtc_now_unix_ms(void);

/* Start hook, phase early. */
enum status rtc_start(void);

#endif
