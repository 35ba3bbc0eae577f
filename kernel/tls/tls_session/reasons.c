/* Puts mbedTLS's failures into words. */
/* SPDX-License-Identifier: MIT */
#include "tls_session_private.h"

#include <lib/format/format.h>
#include <mbedtls/error.h>
#include <net/net/net.h>

/* The flag that says most about what is wrong comes first. */
static const char *certificate_reason(uint32_t flags)
{
    if (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED)
        return "it is not signed by the expected CA";
    if (flags & MBEDTLS_X509_BADCERT_CN_MISMATCH)
        return "it is for another name than";
    if (flags & MBEDTLS_X509_BADCERT_EXPIRED)
        return "it has expired";
    if (flags & MBEDTLS_X509_BADCERT_FUTURE)
        return "it is not valid yet";
    if (flags & (MBEDTLS_X509_BADCERT_KEY_USAGE | MBEDTLS_X509_BADCERT_EXT_KEY_USAGE |
                 MBEDTLS_X509_BADCERT_NS_CERT_TYPE))
        return "it is not meant for a server";
    if (flags & (MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK |
                 MBEDTLS_X509_BADCERT_BAD_KEY))
        return "its algorithms or key are too weak";
    return "it cannot be verified";
}

/* RFC 8446, 6.2: those that say something about us. */
static const char *alert_name(uint8_t number)
{
    switch (number) {
    case MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE: return "no common parameters";
    case MBEDTLS_SSL_ALERT_MSG_BAD_CERT: return "our certificate is bad";
    case MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT: return "our certificate is unsupported";
    case MBEDTLS_SSL_ALERT_MSG_CERT_REVOKED: return "our certificate is revoked";
    case MBEDTLS_SSL_ALERT_MSG_CERT_EXPIRED: return "our certificate has expired";
    case MBEDTLS_SSL_ALERT_MSG_CERT_UNKNOWN: return "our certificate is unacceptable";
    case MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA: return "our certificate's CA is unknown";
    case MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED: return "access denied";
    case MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION: return "no TLS 1.3";
    case MBEDTLS_SSL_ALERT_MSG_UNRECOGNIZED_NAME: return "unknown server name";
    case MBEDTLS_SSL_ALERT_MSG_CERT_REQUIRED: return "a certificate is required";
    }
    return "of a kind that says no more";
}

void tls_explain(const struct tls_session *s, int code, uint32_t flags,
                 char out[TLS_ERROR_LEN])
{
    if (code == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED) {
        bool name = (flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) &&
                    !(flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED);
        format_text(out, TLS_ERROR_LEN, "the server's certificate is refused: %s%s%s",
                    certificate_reason(flags), name ? " " : "",
                    name ? s->server_name : "");
    } else if (code == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) {
        format_text(out, TLS_ERROR_LEN, "the server ended the session with an alert: %s",
                    alert_name(s->ssl.MBEDTLS_PRIVATE(in_msg)[1]));
    } else if (code == MBEDTLS_ERR_SSL_CONN_EOF ||
               code == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
        format_text(out, TLS_ERROR_LEN, "the server closed the connection%s",
                    s->done ? " without saying so" : " during the handshake");
    } else if (conn_state(s->conn) == CONN_FAILED) {
        format_text(out, TLS_ERROR_LEN, "%s", conn_error(s->conn));
    } else if (code == MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION) {
        format_text(out, TLS_ERROR_LEN, "the server does not speak TLS 1.3");
    } else {
        char words[96];
        mbedtls_strerror(code, words, sizeof words);
        format_text(out, TLS_ERROR_LEN, "TLS failed%s: %s",
                    s->done ? "" : " in the handshake", words);
    }
}
