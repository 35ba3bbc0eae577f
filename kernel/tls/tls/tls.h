/* TLS 1.3 client sessions over connections of <net/net/net.h>. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TLS_TLS_TLS_H
#define NEURATH_TLS_TLS_TLS_H

/* Source: RFC 8446. The server must prove a certificate that chains to the given CA and
 * bears the given name; there is no way to switch that off. Validity dates are judged
 * only after tls_time_set(): before, a machine has no time that it may trust, and an
 * attacker who sets its clock must not be able to lock it out. No call waits: STATUS_AGAIN
 * means "wait for tls_event(), then call again". A session belongs to one task at a time. */

#include <lib/base/status.h>
#include <lib/base/types.h>

struct conn;
struct event;
struct tls;

enum { TLS_ERROR_LEN = 160, TLS_NAME_LEN_MAX = 253, TLS_CREDENTIAL_LEN_MAX = 64 * 1024 };

/* Certificates: PEM or DER. Key: PEM or DER (SEC1, PKCS#8), or the 32 bytes of a P-256
 * private scalar. PEM need not be NUL-terminated. All is copied by tls_open(). */
struct tls_options {
    const char *server_name; /* required; verified and sent as SNI */
    const uint8_t *ca;       /* required */
    size_t ca_len;
    const uint8_t *certificate; /* ours, with its chain; NULL: none is shown */
    size_t certificate_len;
    const uint8_t *key;
    size_t key_len;
};

/* Takes CONN in every case (it is closed with the session, or at once on failure). Gives
 * *out_tls; end with tls_close(). STATUS_INVALID: an option is missing or too long;
 * STATUS_FULL: memory. Certificates and key are read by the first step of the handshake. */
NODISCARD enum status tls_open(struct conn *conn, const struct tls_options *options,
                               struct tls **out_tls);
/* One step of the handshake. STATUS_OK: done; STATUS_AGAIN; else failed for good, see
 * tls_error(): STATUS_DENIED the server's certificate or name is not the expected one;
 * STATUS_INVALID our certificates or key cannot be read; STATUS_UNSUPPORTED no random
 * numbers; STATUS_FULL memory; STATUS_IO anything else. */
NODISCARD enum status tls_handshake(struct tls *tls);
/* As conn_read() and conn_write(), after the handshake. When tls_write() says STATUS_AGAIN it is to be called
 * again with the same bytes: their record may be on its way already. STATUS_CLOSED: the peer said close_notify; an end
 * without it is STATUS_IO. */
NODISCARD enum status tls_read(struct tls *tls, void *out, size_t cap, size_t *out_len);
NODISCARD enum status tls_write(struct tls *tls, const void *data, size_t len,
                                size_t *out_len);
/* Takes TLS (NULL allowed): says close_notify if it can, closes the connection. */
void tls_close(struct tls *tls);

struct event *tls_event(struct tls *tls);
/* Why it failed, one line, e.g. "certificate: the name does not match neurath-lab". "" if
 * it did not. */
const char *tls_error(const struct tls *tls);
/* "TLSv1.3 TLS1-3-AES-128-GCM-SHA256" once the handshake is done, else "". */
const char *tls_description(const struct tls *tls);

/* Says whether new sessions are still made the way this one was. False: the library under it has been replaced; it
 * goes on as it is, but whoever could do with a new one helps to end the old library. */
bool tls_is_current(const struct tls *tls);

/* Trusted time: seconds since 1970, from now on carried forward by the monotonic clock.
 * 0: no longer known. */
void tls_time_set(uint64_t unix_seconds);

#endif
