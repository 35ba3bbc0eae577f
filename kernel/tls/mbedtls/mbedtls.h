/* What the mbedTLS cell has beyond mbedTLS: its start hook and the time by which certificates are judged.
 * SPDX-License-Identifier: MIT
 *
 * mbedTLS itself is used through its own headers (<mbedtls/ssl.h>, ...) by cells that name `mbedtls` in their uses.
 */
#ifndef NEURATH_TLS_MBEDTLS_MBEDTLS_H
#define NEURATH_TLS_MBEDTLS_MBEDTLS_H

#include <lib/base/status.h>

/* Sets the time that mbedTLS sees, in seconds since 1970; the monotonic clock carries it on. 0 = unknown again.
 * Any context. */
void mbedtls_port_time_set(uint64_t unix_seconds);

/* Whether a time was set. Without one mbedTLS sees 1970, where every certificate is not yet valid: the caller
 * then has to leave the dates unjudged. */
bool mbedtls_port_time_known(void);

/* Start hook, phase service: locks and PSA. Without random numbers PSA stays off, and TLS refuses to work. */
enum status mbedtls_start(void);

#endif
