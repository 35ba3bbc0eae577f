/* Time: milliseconds since 1970 (UTC) for what is stored, monotonic milliseconds for deadlines.
 * SPDX-License-Identifier: MIT
 *
 * Text form is RFC 3339 UTC with milliseconds, `2026-01-02T03:04:05.678Z`. */
#ifndef NEURATH_BASE_CLOCK_H
#define NEURATH_BASE_CLOCK_H

#include "base/result.h"

#include <stdint.h>

#define CLOCK_TEXT_LEN 32

/* Wall clock. It may jump; never use it for deadlines. */
int64_t clock_now_ms(void);

/* Monotonic clock, for deadlines and durations. */
int64_t clock_monotonic_ms(void);

void clock_format(int64_t ms, char out_text[static CLOCK_TEXT_LEN]);

/* Accepts `YYYY-MM-DDTHH:MM:SS[.fff]Z` only. RESULT_INVALID otherwise. */
NODISCARD enum result clock_parse(const char *text, int64_t *out_ms);

#endif
