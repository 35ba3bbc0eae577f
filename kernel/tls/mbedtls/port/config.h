/* mbedTLS in the kernel: the common choice, on the kernel's heap, clock and locks.
 * SPDX-License-Identifier: MIT
 */
#ifndef NEURATH_TLS_MBEDTLS_PORT_CONFIG_H
#define NEURATH_TLS_MBEDTLS_PORT_CONFIG_H

#include "config_common.h"

#include <mm/heap/heap.h>

#define MBEDTLS_PLATFORM_MEMORY
#define MBEDTLS_PLATFORM_CALLOC_MACRO heap_calloc
#define MBEDTLS_PLATFORM_FREE_MACRO heap_free
#define MBEDTLS_PLATFORM_SNPRINTF_MACRO snprintf
#define MBEDTLS_PLATFORM_MS_TIME_ALT
#define MBEDTLS_PLATFORM_GMTIME_R_ALT
#define MBEDTLS_PLATFORM_ZEROIZE_ALT
#define MBEDTLS_THREADING_ALT /* threading_alt.h: spinlocks around a few short lists */

/* Seconds since 1970 by trusted_time_s(); without a trusted time 1970, where no certificate is valid yet. */
long long mbedtls_port_time(long long *out_seconds);
#define MBEDTLS_PLATFORM_TIME_TYPE_MACRO long long
#define MBEDTLS_PLATFORM_TIME_MACRO mbedtls_port_time

#endif
