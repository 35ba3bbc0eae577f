/* GnuTLS over two buffers, and the functions of net, heap, random and mbedtls' port that the tls cell calls. */
/* SPDX-License-Identifier: MIT */
#include "peer.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <lib/random/random.h>
#include <mm/heap/heap.h>
#include <net/net/net.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PIPE_LEN = 1 << 20 };

struct pipe {
    size_t head, tail;
    uint8_t bytes[PIPE_LEN];
};

static struct {
    struct pipe to_server, to_client;
    bool closed_by_client, ended, ready, flip;
    size_t throttle;
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
    char client_name[64];
} peer;

static size_t pipe_put(struct pipe *pipe, const void *data, size_t len)
{
    if (pipe->head == pipe->tail)
        pipe->head = pipe->tail = 0;
    size_t n = len < PIPE_LEN - pipe->head ? len : PIPE_LEN - pipe->head;
    memcpy(pipe->bytes + pipe->head, data, n);
    pipe->head += n;
    return n;
}

static size_t pipe_get(struct pipe *pipe, void *out, size_t cap)
{
    size_t n = cap < pipe->head - pipe->tail ? cap : pipe->head - pipe->tail;
    memcpy(out, pipe->bytes + pipe->tail, n);
    pipe->tail += n;
    return n;
}

/* ---- the connection, as the tls cell sees it ---- */

static size_t throttled(size_t len)
{
    return peer.throttle > 0 && len > peer.throttle ? peer.throttle : len;
}

enum status conn_read(struct conn *conn, void *out, size_t cap, size_t *out_len)
{
    static unsigned turn;
    (void)conn;
    if (peer.throttle > 0 && ++turn % 2 == 0)
        return STATUS_AGAIN;
    size_t n = pipe_get(&peer.to_client, out, throttled(cap));
    if (n == 0)
        return peer.ended ? STATUS_CLOSED : STATUS_AGAIN;
    if (peer.flip)
        ((uint8_t *)out)[0] ^= 1;
    peer.flip = false;
    *out_len = n;
    return STATUS_OK;
}

enum status conn_write(struct conn *conn, const void *data, size_t len, size_t *out_len)
{
    static unsigned turn;
    (void)conn;
    if (peer.throttle > 0 && ++turn % 2 == 0)
        return STATUS_AGAIN;
    *out_len = pipe_put(&peer.to_server, data, throttled(len));
    return *out_len > 0 ? STATUS_OK : STATUS_AGAIN;
}

enum conn_state conn_state(const struct conn *conn)
{
    (void)conn;
    return peer.ended ? CONN_HALF : CONN_OPEN;
}

const char *conn_error(const struct conn *conn)
{
    (void)conn;
    return "";
}

struct event *conn_event(struct conn *conn)
{
    return (struct event *)(void *)conn;
}

void conn_close(struct conn *conn)
{
    (void)conn;
    peer.closed_by_client = true;
}

struct conn *peer_conn(void)
{
    return (struct conn *)(void *)&peer;
}

/* ---- the other cells ---- */

uint8_t *heap_bytes(size_t len)
{
    return malloc(len);
}

void *heap_typed_calloc(size_t n, size_t len)
{
    return calloc(n, len);
}

void heap_free(void *object)
{
    free(object);
}

enum status random_status(void)
{
    return STATUS_OK;
}

/* ---- the server ---- */

static ssize_t server_push(gnutls_transport_ptr_t context, const void *data, size_t len)
{
    (void)context;
    return (ssize_t)pipe_put(&peer.to_client, data, len);
}

static ssize_t server_pull(gnutls_transport_ptr_t context, void *out, size_t cap)
{
    (void)context;
    size_t n = pipe_get(&peer.to_server, out, cap);
    if (n > 0)
        return (ssize_t)n;
    if (peer.closed_by_client)
        return 0;
    gnutls_transport_set_errno(peer.session, EAGAIN);
    return -1;
}

static int server_poll(gnutls_transport_ptr_t context, unsigned ms)
{
    (void)context;
    (void)ms;
    return peer.to_server.head > peer.to_server.tail;
}

static gnutls_datum_t datum(const struct pem *pem)
{
    return (gnutls_datum_t){.data = (unsigned char *)pem->text,
                            .size = (unsigned)pem->len};
}

void peer_start(const struct peer_options *options)
{
    memset(&peer, 0, sizeof peer);
    gnutls_datum_t certificate = datum(&options->certificate), key = datum(&options->key),
                   client_ca = datum(&options->client_ca);
    certificates_check(gnutls_certificate_allocate_credentials(&peer.credentials),
                       "credentials");
    certificates_check(gnutls_certificate_set_x509_key_mem(peer.credentials, &certificate,
                                                           &key, GNUTLS_X509_FMT_PEM),
                       "key");
    if (options->client_ca.len > 0)
        certificates_check(gnutls_certificate_set_x509_trust_mem(
                               peer.credentials, &client_ca, GNUTLS_X509_FMT_PEM),
                           "CA");
    certificates_check(
        gnutls_init(&peer.session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_TICKETS),
        "session");
    certificates_check(gnutls_priority_set_direct(peer.session, options->priority, NULL),
                       "priority");
    certificates_check(
        gnutls_credentials_set(peer.session, GNUTLS_CRD_CERTIFICATE, peer.credentials),
        "credentials");
    if (options->client_ca.len > 0)
        gnutls_certificate_server_set_request(peer.session, GNUTLS_CERT_REQUEST);
    gnutls_transport_set_push_function(peer.session, server_push);
    gnutls_transport_set_pull_function(peer.session, server_pull);
    gnutls_transport_set_pull_timeout_function(peer.session, server_poll);
}

void peer_stop(void)
{
    gnutls_deinit(peer.session);
    gnutls_certificate_free_credentials(peer.credentials);
}

void peer_run(void)
{
    if (peer.ready || peer.ended)
        return;
    int code = gnutls_handshake(peer.session);
    peer.ready = code == GNUTLS_E_SUCCESS;
    if (code < 0 && gnutls_error_is_fatal(code)) {
        gnutls_alert_send_appropriate(peer.session, code);
        peer.ended = true;
    }
}

bool peer_ready(void)
{
    return peer.ready;
}

size_t peer_read(void *out, size_t cap)
{
    ssize_t n = gnutls_record_recv(peer.session, out, cap);
    return n > 0 ? (size_t)n : 0;
}

void peer_write(const void *data, size_t len)
{
    for (size_t done = 0; done < len;) {
        ssize_t n =
            gnutls_record_send(peer.session, (const uint8_t *)data + done, len - done);
        certificates_check((int)n, "send");
        done += (size_t)n;
    }
}

void peer_say_goodbye(void)
{
    gnutls_bye(peer.session, GNUTLS_SHUT_WR);
    peer.ended = true;
}

void peer_cut(void)
{
    peer.ended = true;
}

void peer_throttle(size_t len)
{
    peer.throttle = len;
}

void peer_flip_bit(void)
{
    peer.flip = true;
}

const char *peer_client_name(void)
{
    unsigned count = 0, status = 1;
    const gnutls_datum_t *list = gnutls_certificate_get_peers(peer.session, &count);
    peer.client_name[0] = 0;
    if (list == NULL || count == 0)
        return "";
    gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
                                     .data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT};
    if (gnutls_certificate_verify_peers(peer.session, &purpose, 1, &status) < 0 ||
        status != 0)
        return "not verified";
    gnutls_x509_crt_t certificate;
    size_t len = sizeof peer.client_name;
    gnutls_x509_crt_init(&certificate);
    certificates_check(gnutls_x509_crt_import(certificate, list, GNUTLS_X509_FMT_DER),
                       "import");
    certificates_check(gnutls_x509_crt_get_dn_by_oid(certificate,
                                                     GNUTLS_OID_X520_COMMON_NAME, 0, 0,
                                                     peer.client_name, &len),
                       "name");
    gnutls_x509_crt_deinit(certificate);
    return peer.client_name;
}
