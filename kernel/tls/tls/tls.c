/* TLS 1.3 client sessions: mbedTLS over a connection, never waiting. */
/* SPDX-License-Identifier: MIT */
#include "tls_private.h"

#include <lib/format/format.h>
#include <lib/random/random.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/psa_util.h>
#include <mm/heap/heap.h>
#include <net/net/net.h>
#include <psa/crypto.h>
#include <string.h>
#include <tls/mbedtls/mbedtls.h>

/* What the connection's failures look like to mbedTLS; any negative number that it does not know. */
enum { TRANSPORT_FAILED = -0x7001 };

static int transport_send(void *context, const unsigned char *data, size_t len)
{
    struct tls *tls = context;
    size_t sent;
    switch (conn_write(tls->conn, data, len, &sent)) {
    case STATUS_OK: return (int)sent;
    case STATUS_AGAIN: return MBEDTLS_ERR_SSL_WANT_WRITE;
    default: return TRANSPORT_FAILED;
    }
}

static int transport_receive(void *context, unsigned char *out, size_t cap)
{
    struct tls *tls = context;
    size_t len;
    switch (conn_read(tls->conn, out, cap, &len)) {
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
    if (!mbedtls_port_time_known())
        *flags &= ~(uint32_t)(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE);
    return 0;
}

/* The bytes may hold a private key. */
static void options_free(struct tls *tls)
{
    if (tls->options != NULL)
        mbedtls_platform_zeroize(tls->options, tls->options_len);
    heap_free(tls->options);
    tls->options = NULL;
}

static void tls_free(struct tls *tls)
{
    options_free(tls);
    mbedtls_ssl_free(&tls->ssl);
    mbedtls_ssl_config_free(&tls->config);
    mbedtls_x509_crt_free(&tls->ca);
    mbedtls_x509_crt_free(&tls->certificate);
    mbedtls_pk_free(&tls->key);
    heap_free(tls);
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
static enum status options_copy(struct tls *tls, const struct tls_options *options)
{
    const size_t lens[] = {options->ca_len, options->certificate_len, options->key_len};
    size_t len = sizeof *options;
    for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
        if (lens[i] > TLS_CREDENTIAL_LEN_MAX)
            return STATUS_INVALID;
        len += lens[i];
    }
    struct tls_options *copy = heap_alloc(len);
    if (copy == NULL)
        return STATUS_FULL;
    uint8_t *at = (uint8_t *)(copy + 1);
    *copy = *options;
    copy->server_name = tls->server_name;
    put_bytes(&at, &copy->ca, copy->ca_len);
    put_bytes(&at, &copy->certificate, copy->certificate_len);
    put_bytes(&at, &copy->key, copy->key_len);
    tls->options = copy;
    tls->options_len = len;
    return STATUS_OK;
}

static enum status read_credentials(struct tls *tls, const struct tls_options *options,
                                    const char **out_error)
{
    *out_error = "the CA's certificate cannot be read";
    if (tls_read_certificates(&tls->ca, options->ca, options->ca_len) != STATUS_OK)
        return STATUS_INVALID;
    if (options->certificate == NULL)
        return STATUS_OK;
    *out_error = "our certificate cannot be read";
    if (tls_read_certificates(&tls->certificate, options->certificate,
                              options->certificate_len) != STATUS_OK)
        return STATUS_INVALID;
    *out_error = "our private key cannot be read";
    if (options->key == NULL ||
        tls_read_key(&tls->key, options->key, options->key_len) != STATUS_OK)
        return STATUS_INVALID;
    *out_error = "our private key does not belong to our certificate";
    if (mbedtls_pk_check_pair(&tls->certificate.pk, &tls->key, mbedtls_psa_get_random,
                              MBEDTLS_PSA_RANDOM_STATE) != 0)
        return STATUS_INVALID;
    return STATUS_OK;
}

static enum status configure(struct tls *tls, bool show_certificate)
{
    mbedtls_ssl_config *config = &tls->config;
    if (mbedtls_ssl_config_defaults(config, MBEDTLS_SSL_IS_CLIENT,
                                    MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0)
        return STATUS_FULL;
    mbedtls_ssl_conf_min_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_3);
    mbedtls_ssl_conf_max_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_3);
    mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_chain(config, &tls->ca, NULL);
    mbedtls_ssl_conf_verify(config, verify_certificate, tls);
    mbedtls_ssl_conf_rng(config, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
    if (show_certificate &&
        mbedtls_ssl_conf_own_cert(config, &tls->certificate, &tls->key) != 0)
        return STATUS_FULL;
    if (mbedtls_ssl_setup(&tls->ssl, config) != 0 ||
        mbedtls_ssl_set_hostname(&tls->ssl, tls->server_name) != 0)
        return STATUS_FULL;
    mbedtls_ssl_set_bio(&tls->ssl, tls, transport_send, transport_receive, NULL);
    return STATUS_OK;
}

/* Reads the options and sets mbedTLS up. */
static enum status tls_prepare(struct tls *tls, const char **out_error)
{
    *out_error = "no random numbers";
    if (random_status() != STATUS_OK || psa_crypto_init() != PSA_SUCCESS)
        return STATUS_UNSUPPORTED;
    enum status status = read_credentials(tls, tls->options, out_error);
    if (status != STATUS_OK)
        return status;
    *out_error = "no memory";
    status = configure(tls, tls->options->certificate != NULL);
    options_free(tls);
    return status;
}

static bool options_sound(const struct tls_options *options)
{
    size_t len = options->server_name == NULL ? 0 : strlen(options->server_name);
    return len > 0 && len <= TLS_NAME_LEN_MAX && options->ca != NULL &&
           options->ca_len > 0 && (options->certificate == NULL) == (options->key == NULL);
}

enum status tls_open(struct conn *conn, const struct tls_options *options,
                     struct tls **out_tls)
{
    enum status status = STATUS_INVALID;
    if (!options_sound(options))
        goto close_conn;
    status = STATUS_FULL;
    struct tls *tls = heap_calloc(1, sizeof *tls);
    if (tls == NULL)
        goto close_conn;
    memcpy(tls->server_name, options->server_name, strlen(options->server_name) + 1);
    status = options_copy(tls, options);
    if (status != STATUS_OK)
        goto free_tls;
    mbedtls_ssl_init(&tls->ssl);
    mbedtls_ssl_config_init(&tls->config);
    mbedtls_x509_crt_init(&tls->ca);
    mbedtls_x509_crt_init(&tls->certificate);
    mbedtls_pk_init(&tls->key);
    tls->conn = conn;
    *out_tls = tls;
    return STATUS_OK;
free_tls:
    heap_free(tls);
close_conn:
    conn_close(conn);
    return status;
}

static enum status tls_fail(struct tls *tls, int code)
{
    /* All bits are set when no certificate has been looked at. */
    uint32_t flags = mbedtls_ssl_get_verify_result(&tls->ssl);
    bool refused = !tls->done && flags != 0 && flags != UINT32_MAX;
    tls->failed = true;
    tls_explain(tls, refused ? MBEDTLS_ERR_X509_CERT_VERIFY_FAILED : code, flags,
                tls->error);
    return refused ? STATUS_DENIED : STATUS_IO;
}

static bool would_wait(int code)
{
    return code == MBEDTLS_ERR_SSL_WANT_READ || code == MBEDTLS_ERR_SSL_WANT_WRITE;
}

enum status tls_handshake(struct tls *tls)
{
    enum status status = STATUS_AGAIN;
    if (tls->done)
        return STATUS_OK;
    if (tls->failed)
        return STATUS_IO;
    enum conn_state state = conn_state(tls->conn);
    if (state == CONN_RESOLVING || state == CONN_CONNECTING)
        return STATUS_AGAIN;
    if (tls->options != NULL) {
        const char *why;
        status = tls_prepare(tls, &why);
        if (status != STATUS_OK) {
            tls->failed = true;
            format_text(tls->error, sizeof tls->error, "%s", why);
            return status;
        }
        status = STATUS_AGAIN;
    }
    int code = mbedtls_ssl_handshake(&tls->ssl);
    if (code == 0) {
        tls->done = true;
        format_text(tls->description, sizeof tls->description, "%s %s",
                    mbedtls_ssl_get_version(&tls->ssl),
                    mbedtls_ssl_get_ciphersuite(&tls->ssl));
        status = STATUS_OK;
    } else if (!would_wait(code)) {
        status = tls_fail(tls, code);
    }
    return status;
}

enum status tls_read(struct tls *tls, void *out, size_t cap, size_t *out_len)
{
    enum status status = STATUS_AGAIN;
    if (tls->failed)
        return STATUS_IO;
    if (!tls->done)
        return STATUS_AGAIN;
    int code;
    do {
        code = mbedtls_ssl_read(&tls->ssl, out, cap);
    } while (code == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET);
    if (code > 0) {
        *out_len = (size_t)code;
        status = STATUS_OK;
    } else if (code == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
        status = STATUS_CLOSED;
    } else if (!would_wait(code)) {
        status = tls_fail(tls, code == 0 ? MBEDTLS_ERR_SSL_CONN_EOF : code);
    }
    return status;
}

enum status tls_write(struct tls *tls, const void *data, size_t len, size_t *out_len)
{
    enum status status = STATUS_AGAIN;
    if (tls->failed)
        return STATUS_IO;
    if (!tls->done)
        return STATUS_AGAIN;
    int code = mbedtls_ssl_write(&tls->ssl, data, len);
    if (code > 0) {
        *out_len = (size_t)code;
        status = STATUS_OK;
    } else if (!would_wait(code)) {
        status = tls_fail(tls, code);
    }
    return status;
}

void tls_close(struct tls *tls)
{
    if (tls == NULL)
        return;
    if (tls->done && !tls->failed)
        (void)mbedtls_ssl_close_notify(&tls->ssl);
    struct conn *conn = tls->conn;
    tls_free(tls);
    conn_close(conn);
}

struct event *tls_event(struct tls *tls)
{
    return conn_event(tls->conn);
}

const char *tls_error(const struct tls *tls)
{
    return tls->error;
}

const char *tls_description(const struct tls *tls)
{
    return tls->description;
}

void tls_time_set(uint64_t unix_seconds)
{
    mbedtls_port_time_set(unix_seconds);
}
