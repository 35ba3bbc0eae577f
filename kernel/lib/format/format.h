/* printf-style formatting into a caller's buffer, for log lines and the console. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_LIB_FORMAT_FORMAT_H
#define NEURATH_LIB_FORMAT_FORMAT_H

#include <lib/base/types.h>

/* Knows: d i u x X p c s %, with h hh l ll z t, widths, precision for s and integers, the flags
 * - and 0, and * for both. No floating point. Any context; takes no lock, calls nothing. */

/* Writes at most CAPACITY bytes into OUT, the last of them NUL (nothing when CAPACITY is 0).
 * Gives the length that the whole text has, without the NUL. */
size_t format_text(char *out, size_t capacity, const char *format, ...) PRINTF_LIKE(3, 4);
size_t format_text_list(char *out, size_t capacity, const char *format, va_list list);

#endif
