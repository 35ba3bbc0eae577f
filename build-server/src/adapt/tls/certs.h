/* X.509 certificates of the machine listener: a small CA, the server's certificate, one per machine.
 * SPDX-License-Identifier: MIT
 *
 * ECDSA P-256 and SHA-256 throughout. PEM texts are GIVEN for free(). Only the signer process holds
 * the CA's key. */
#ifndef NEURATH_ADAPT_TLS_CERTS_H
#define NEURATH_ADAPT_TLS_CERTS_H

#include "base/result.h"

#include <stddef.h>
#include <stdint.h>

#define CERTS_PUBLIC_LEN 65

/* A new CA. */
NODISCARD enum result certs_make_ca(const char *common_name, int64_t now_ms,
                                    char **out_key, char **out_certificate);

/* A new key and certificate for a TLS server called NAME (DNS name). */
NODISCARD enum result certs_make_server(const char *ca_key, const char *ca_certificate,
                                        const char *name, int64_t now_ms, char **out_key,
                                        char **out_certificate);

/* A client certificate for PUBLIC_KEY (SEC1, uncompressed) with COMMON_NAME. RESULT_INVALID when it is
 * not a point of the curve. */
NODISCARD enum result certs_make_client(const char *ca_key, const char *ca_certificate,
                                        const char *common_name,
                                        const uint8_t public_key[CERTS_PUBLIC_LEN],
                                        int64_t now_ms, char **out_certificate);

/* When CERTIFICATE (PEM) ends, in milliseconds since 1970. */
NODISCARD enum result certs_expiry(const char *certificate, int64_t *out_ms);

/* Checks a signature (r, s: 32 bytes each) by PUBLIC_KEY over TEXT. RESULT_REFUSED when it is wrong. */
NODISCARD enum result certs_verify(const uint8_t public_key[CERTS_PUBLIC_LEN],
                                   const void *text, size_t len,
                                   const uint8_t signature[64]);

#endif
