/* mbedTLS on the host: the common choice, and what the server needs to issue certificates.
 * SPDX-License-Identifier: MIT
 */
#ifndef NEURATH_TLS_MBEDTLS_PORT_CONFIG_HOST_H
#define NEURATH_TLS_MBEDTLS_PORT_CONFIG_HOST_H

#include "config_common.h"

#define MBEDTLS_THREADING_PTHREAD
#define MBEDTLS_FS_IO
#define MBEDTLS_NET_C
#define MBEDTLS_X509_CREATE_C
#define MBEDTLS_X509_CRT_WRITE_C
#define MBEDTLS_X509_CSR_PARSE_C

#endif
