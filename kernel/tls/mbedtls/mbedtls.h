/* What the mbedTLS cell has beyond mbedTLS: its start hook.
 * SPDX-License-Identifier: MIT
 *
 * mbedTLS itself is used through its own headers (<mbedtls/ssl.h>, ...) by cells that name `mbedtls` in their uses.
 */
#ifndef NEURATH_TLS_MBEDTLS_MBEDTLS_H
#define NEURATH_TLS_MBEDTLS_MBEDTLS_H

#include <lib/base/status.h>

/* Start hook, phase service: locks and PSA. Without random numbers PSA stays off, and TLS refuses to work. */
enum status mbedtls_start(void);
/* Stop hook of a lineage that has drained: gives back what PSA holds. */
void mbedtls_stop(void);

#endif
