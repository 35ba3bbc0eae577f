/* The mutex of mbedTLS in the kernel: a spinlock. It guards PSA's key slots; nothing sleeps under it.
 * SPDX-License-Identifier: MIT
 */
#ifndef NEURATH_TLS_MBEDTLS_PORT_THREADING_ALT_H
#define NEURATH_TLS_MBEDTLS_PORT_THREADING_ALT_H

#include <task/spinlock/spinlock.h>

typedef struct spinlock mbedtls_threading_mutex_t;

#endif
