/* Musl's formatter (vfprintf) without floating point.
 * SPDX-License-Identifier: MIT
 *
 * The kernel is compiled with general registers only: no caller can pass a double, so %f and its kin are never
 * valid. Here `double` becomes `long`, and the mantissa is made small so that the buffer for digits, which the
 * compiler puts into the frame of every call, takes a few bytes instead of seven kilobytes.
 */
#include "stdio_impl.h"

#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#undef signbit
#undef isfinite
#undef LDBL_MANT_DIG
#undef LDBL_MAX_EXP
#undef LDBL_EPSILON
#define signbit(x) ((x) < 0)
#define isfinite(x) 1
#define frexpl(y, e) ((void)(e), 0)
#define LDBL_MANT_DIG 8
#define LDBL_MAX_EXP 60
#define LDBL_EPSILON 1
#define double long

#include <src/stdio/vfprintf.c>
