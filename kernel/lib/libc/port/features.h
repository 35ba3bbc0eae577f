/* Musl's feature macros without weak aliases and hidden symbols, which cells do not have.
 * SPDX-License-Identifier: MIT
 *
 * Musl defines some functions under a reserved name and makes the public name a weak alias of it. A cell has one
 * name for one function: the reserved name is replaced by the public one, and the alias disappears.
 */
#ifndef NEURATH_LIBC_FEATURES_H
#define NEURATH_LIBC_FEATURES_H

#include_next <features.h>

#undef weak
#undef hidden
#undef weak_alias
#define weak
#define hidden
#define weak_alias(old, new) extern __typeof(old) new

#define __memrchr memrchr
#define __stpcpy stpcpy
#define __stpncpy stpncpy
#define __strchrnul strchrnul
#define __strtok_r strtok_r
#define __qsort_r qsort_r

#endif
