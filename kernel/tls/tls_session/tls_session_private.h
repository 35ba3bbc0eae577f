/* What the files of the tls_session cell share. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TLS_TLS_SESSION_TLS_SESSION_PRIVATE_H
#define NEURATH_TLS_TLS_SESSION_TLS_SESSION_PRIVATE_H

#include "tls_session.h"

#include <mbedtls/ssl.h>

/* A session; one task at a time uses it. mbedTLS guards what sessions share by its own locks. */
struct tls_session {
    struct tls tls; /* first: what its owner holds */
    struct conn *conn;
    struct tls_options *
        options; /* a copy in one heap block of options_len; NULL once it has been read */
    size_t options_len;
    mbedtls_ssl_context ssl;
    mbedtls_ssl_config config;
    mbedtls_x509_crt ca;
    mbedtls_x509_crt certificate;
    mbedtls_pk_context key;
    bool done; /* the handshake is */
    bool failed;
    char server_name[TLS_NAME_LEN_MAX + 1];
    char error[TLS_ERROR_LEN];
    char description[80];
};

/* credentials.c: reads PEM, DER or raw bytes. STATUS_INVALID: cannot be read. */
NODISCARD enum status tls_read_certificates(mbedtls_x509_crt *out, const uint8_t *bytes,
                                            size_t len);
NODISCARD enum status tls_read_key(mbedtls_pk_context *out, const uint8_t *bytes,
                                   size_t len);

/* reasons.c: one line about a failed handshake, read or write. CODE is mbedTLS's; FLAGS its verify result. */
void tls_explain(const struct tls_session *s, int code, uint32_t flags,
                 char out[TLS_ERROR_LEN]);

#endif
