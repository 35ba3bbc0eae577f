/* The time that somebody trusted has told, carried on by the monotonic clock. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TIME_TRUSTED_TIME_TRUSTED_TIME_H
#define NEURATH_TIME_TRUSTED_TIME_TRUSTED_TIME_H

#include <lib/base/types.h>

/* Certificates are judged by it (design.md 7). It is kept here, apart from the TLS library: that may be replaced by
 * another one, with data of its own, and what is known must not be forgotten then. Any context. */

/* Sets the time, in seconds since 1970. 0 = unknown again. */
void trusted_time_set(uint64_t unix_seconds);

/* Seconds since 1970; 0 = not known. */
uint64_t trusted_time_s(void);

#endif
