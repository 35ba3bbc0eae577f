/* One TLS 1.3 session: mbedTLS over a connection, never waiting. */
/* SPDX-License-Identifier: MIT */
#include "tls_session_private.h"

#include <lib/base/evolve.h>
#include <lib/format/format.h>
#include <lib/random/random.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/psa_util.h>
#include <mm/heap/heap.h>
#include <net/net/net.h>
#include <psa/crypto.h>
#include <string.h>
#include <time/trusted_time/trusted_time.h>

EVOLVE_IN_USE(sessions);
static uint32_t sessions; /* [a] open ones: while there are any, this lineage is in use */

static struct tls_session *session_of(struct tls *tls)
{
    return (struct tls_session *)tls;
}

/* What the connection's failures look like to mbedTLS; any negative number that it does not know. */
enum { TRANSPORT_FAILED = -0x7001 };

static int transport_send(void *context, const unsigned char *data, size_t len)
{
    struct tls_session *s = context;
    size_t sent;
    switch (conn_write(s->conn, data, len, &sent)) {
    case STATUS_OK: return (int)sent;
    case STATUS_AGAIN: return MBEDTLS_ERR_SSL_WANT_WRITE;
    default: return TRANSPORT_FAILED;
    }
}

static int transport_receive(void *context, unsigned char *out, size_t cap)
{
    struct tls_session *s = context;
    size_t len;
    switch (conn_read(s->conn, out, cap, &len)) {
    case STATUS_OK: return (int)len;
    case STATUS_AGAIN: return MBEDTLS_ERR_SSL_WANT_READ;
    case STATUS_CLOSED: return 0;
    default: return TRANSPORT_FAILED;
    }
}

/* Called for each certificate of the server's chain: dates count only once the time is trusted. */
static int verify_certificate(void *context, mbedtls_x509_crt *certificate, int depth,
                              uint32_t *flags)
{
    (void)context;
    (void)certificate;
    (void)depth;
    if (trusted_time_s() == 0)
        *flags &= ~(uint32_t)(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE);
    return 0;
}

/* The bytes may hold a private key. */
static void options_free(struct tls_session *s)
{
    if (s->options != NULL)
        mbedtls_platform_zeroize(s->options, s->options_len);
    heap_free(s->options);
    s->options = NULL;
}

static void session_free(struct tls_session *s)
{
    options_free(s);
    mbedtls_ssl_free(&s->ssl);
    mbedtls_ssl_config_free(&s->config);
    mbedtls_x509_crt_free(&s->ca);
    mbedtls_x509_crt_free(&s->certificate);
    mbedtls_pk_free(&s->key);
    heap_free(s);
}

static void put_bytes(uint8_t **at, const uint8_t **field, size_t len)
{
    if (*field == NULL)
        return;
    memcpy(*at, *field, len);
    *field = *at;
    *at += len;
}

/* Copies the options and all that they point to into one block. */
static enum status options_copy(struct tls_session *s, const struct tls_options *options)
{
    const size_t lens[] = {options->ca_len, options->certificate_len, options->key_len};
    size_t len = sizeof *options;
    for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
        if (lens[i] > TLS_CREDENTIAL_LEN_MAX)
            return STATUS_INVALID;
        len += lens[i];
    }
    struct tls_options *copy = heap_new_with(struct tls_options, len - sizeof *options);
    if (copy == NULL)
        return STATUS_FULL;
    uint8_t *at = (uint8_t *)(copy + 1);
    *copy = *options;
    copy->server_name = s->server_name;
    put_bytes(&at, &copy->ca, copy->ca_len);
    put_bytes(&at, &copy->certificate, copy->certificate_len);
    put_bytes(&at, &copy->key, copy->key_len);
    s->options = copy;
    s->options_len = len;
    return STATUS_OK;
}

static enum status read_credentials(struct tls_session *s,
                                    const struct tls_options *options,
                                    const char **out_error)
{
    *out_error = "the CA's certificate cannot be read";
    if (tls_read_certificates(&s->ca, options->ca, options->ca_len) != STATUS_OK)
        return STATUS_INVALID;
    if (options->certificate == NULL)
        return STATUS_OK;
    *out_error = "our certificate cannot be read";
    if (tls_read_certificates(&s->certificate, options->certificate,
                              options->certificate_len) != STATUS_OK)
        return STATUS_INVALID;
    *out_error = "our private key cannot be read";
    if (options->key == NULL ||
        tls_read_key(&s->key, options->key, options->key_len) != STATUS_OK)
        return STATUS_INVALID;
    *out_error = "our private key does not belong to our certificate";
    if (mbedtls_pk_check_pair(&s->certificate.pk, &s->key, mbedtls_psa_get_random,
                              MBEDTLS_PSA_RANDOM_STATE) != 0)
        return STATUS_INVALID;
    return STATUS_OK;
}

static enum status configure(struct tls_session *s, bool show_certificate)
{
    mbedtls_ssl_config *config = &s->config;
    if (mbedtls_ssl_config_defaults(config, MBEDTLS_SSL_IS_CLIENT,
                                    MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0)
        return STATUS_FULL;
    mbedtls_ssl_conf_min_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_3);
    mbedtls_ssl_conf_max_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_3);
    mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_chain(config, &s->ca, NULL);
    mbedtls_ssl_conf_verify(config, verify_certificate, s);
    mbedtls_ssl_conf_rng(config, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
    if (show_certificate &&
        mbedtls_ssl_conf_own_cert(config, &s->certificate, &s->key) != 0)
        return STATUS_FULL;
    if (mbedtls_ssl_setup(&s->ssl, config) != 0 ||
        mbedtls_ssl_set_hostname(&s->ssl, s->server_name) != 0)
        return STATUS_FULL;
    mbedtls_ssl_set_bio(&s->ssl, s, transport_send, transport_receive, NULL);
    return STATUS_OK;
}

/* Reads the options and sets mbedTLS up. */
static enum status session_prepare(struct tls_session *s, const char **out_error)
{
    *out_error = "no random numbers";
    if (random_status() != STATUS_OK || psa_crypto_init() != PSA_SUCCESS)
        return STATUS_UNSUPPORTED;
    enum status status = read_credentials(s, s->options, out_error);
    if (status != STATUS_OK)
        return status;
    *out_error = "no memory";
    status = configure(s, s->options->certificate != NULL);
    options_free(s);
    return status;
}

static bool options_sound(const struct tls_options *options)
{
    size_t len = options->server_name == NULL ? 0 : strlen(options->server_name);
    return len > 0 && len <= TLS_NAME_LEN_MAX && options->ca != NULL &&
           options->ca_len > 0 && (options->certificate == NULL) == (options->key == NULL);
}

static enum status session_fail(struct tls_session *s, int code)
{
    /* All bits are set when no certificate has been looked at. */
    uint32_t flags = mbedtls_ssl_get_verify_result(&s->ssl);
    bool refused = !s->done && flags != 0 && flags != UINT32_MAX;
    s->failed = true;
    tls_explain(s, refused ? MBEDTLS_ERR_X509_CERT_VERIFY_FAILED : code, flags, s->error);
    return refused ? STATUS_DENIED : STATUS_IO;
}

static bool would_wait(int code)
{
    return code == MBEDTLS_ERR_SSL_WANT_READ || code == MBEDTLS_ERR_SSL_WANT_WRITE;
}

static enum status session_handshake(struct tls *tls)
{
    struct tls_session *s = session_of(tls);
    enum status status = STATUS_AGAIN;
    if (s->done)
        return STATUS_OK;
    if (s->failed)
        return STATUS_IO;
    enum conn_state state = conn_state(s->conn);
    if (state == CONN_RESOLVING || state == CONN_CONNECTING)
        return STATUS_AGAIN;
    if (s->options != NULL) {
        const char *why;
        status = session_prepare(s, &why);
        if (status != STATUS_OK) {
            s->failed = true;
            format_text(s->error, sizeof s->error, "%s", why);
            return status;
        }
        status = STATUS_AGAIN;
    }
    int code = mbedtls_ssl_handshake(&s->ssl);
    if (code == 0) {
        s->done = true;
        format_text(s->description, sizeof s->description, "%s %s",
                    mbedtls_ssl_get_version(&s->ssl),
                    mbedtls_ssl_get_ciphersuite(&s->ssl));
        status = STATUS_OK;
    } else if (!would_wait(code)) {
        status = session_fail(s, code);
    }
    return status;
}

static enum status session_read(struct tls *tls, void *out, size_t cap, size_t *out_len)
{
    struct tls_session *s = session_of(tls);
    enum status status = STATUS_AGAIN;
    if (s->failed)
        return STATUS_IO;
    if (!s->done)
        return STATUS_AGAIN;
    int code;
    do {
        code = mbedtls_ssl_read(&s->ssl, out, cap);
    } while (code == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET);
    if (code > 0) {
        *out_len = (size_t)code;
        status = STATUS_OK;
    } else if (code == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
        status = STATUS_CLOSED;
    } else if (!would_wait(code)) {
        status = session_fail(s, code == 0 ? MBEDTLS_ERR_SSL_CONN_EOF : code);
    }
    return status;
}

static enum status session_write(struct tls *tls, const void *data, size_t len,
                                 size_t *out_len)
{
    struct tls_session *s = session_of(tls);
    enum status status = STATUS_AGAIN;
    if (s->failed)
        return STATUS_IO;
    if (!s->done)
        return STATUS_AGAIN;
    int code = mbedtls_ssl_write(&s->ssl, data, len);
    if (code > 0) {
        *out_len = (size_t)code;
        status = STATUS_OK;
    } else if (!would_wait(code)) {
        status = session_fail(s, code);
    }
    return status;
}

static void session_close(struct tls *tls)
{
    struct tls_session *s = session_of(tls);
    if (s->done && !s->failed)
        (void)mbedtls_ssl_close_notify(&s->ssl);
    struct conn *conn = s->conn;
    session_free(s);
    conn_close(conn);
    __atomic_sub_fetch(&sessions, 1, __ATOMIC_ACQ_REL);
}

static struct event *session_event(struct tls *tls)
{
    return conn_event(session_of(tls)->conn);
}

static const char *session_error(const struct tls *tls)
{
    return ((const struct tls_session *)tls)->error;
}

static const char *session_description(const struct tls *tls)
{
    return ((const struct tls_session *)tls)->description;
}

/* Known by address from each session: what is open when this cell drains goes on here. */
static const struct tls_ops session_ops = {
    .handshake = session_handshake,
    .read = session_read,
    .write = session_write,
    .close = session_close,
    .event = session_event,
    .error = session_error,
    .description = session_description,
};

const struct tls_ops *tls_session_ops(void)
{
    return &session_ops;
}

enum status tls_session_open(struct conn *conn, const struct tls_options *options,
                             struct tls **out_tls)
{
    enum status status = STATUS_INVALID;
    if (!options_sound(options))
        goto close_conn;
    status = STATUS_FULL;
    struct tls_session *s = heap_new(struct tls_session);
    if (s == NULL)
        goto close_conn;
    memcpy(s->server_name, options->server_name, strlen(options->server_name) + 1);
    status = options_copy(s, options);
    if (status != STATUS_OK)
        goto free_session;
    mbedtls_ssl_init(&s->ssl);
    mbedtls_ssl_config_init(&s->config);
    mbedtls_x509_crt_init(&s->ca);
    mbedtls_x509_crt_init(&s->certificate);
    mbedtls_pk_init(&s->key);
    s->conn = conn;
    s->tls.ops = &session_ops;
    __atomic_add_fetch(&sessions, 1, __ATOMIC_ACQ_REL);
    *out_tls = &s->tls;
    return STATUS_OK;
free_session:
    heap_free(s);
close_conn:
    conn_close(conn);
    return status;
}
