/* The transport port over sockets and mbedTLS: TLS 1.3, certificate and name verified, no redirects.
 * SPDX-License-Identifier: MIT
 */
#include "hosted.h"

#include <errno.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#include <net/http/parser.h>
#include <netdb.h>
#include <psa/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

enum line_state { LINE_CLOSED, LINE_CONNECTING, LINE_HANDSHAKE, LINE_OPEN };

/* One connection and the exchange on it. */
struct line {
    struct transport *transport;
    enum line_state state;
    int socket;
    bool mutual;
    unsigned identity;
    bool reused;
    mbedtls_ssl_context ssl;
    mbedtls_ssl_config config;
    bool has_ssl;
    char *request;
    size_t request_len, request_sent;
    struct http_parser parser;
    uint8_t input[16384];
    size_t input_len, input_used;
    bool heard; /* a byte of this answer has come */
    short wants;
};

struct transport {
    struct client_endpoint endpoint;
    mbedtls_x509_crt ca, certificate;
    mbedtls_pk_context key;
    bool has_identity;
    unsigned identity;
    bool cut;
    struct line lines[CLIENT_CHANNEL_COUNT];
};

static int random_of(void *context, unsigned char *out, size_t len)
{
    (void)context;
    return getrandom(out, len, 0) == (ssize_t)len ? 0 : -1;
}

/* --- The port's settings -------------------------------------------------------------- */

static void set_endpoint(void *context, const struct client_endpoint *endpoint)
{
    struct transport *transport = context;
    transport->endpoint = *endpoint;
    mbedtls_x509_crt_parse(&transport->ca, (const unsigned char *)endpoint->ca_pem,
                           strlen(endpoint->ca_pem) + 1);
}

static void set_identity(void *context, const char *certificate, const uint8_t *key,
                         size_t key_len)
{
    struct transport *transport = context;
    mbedtls_x509_crt_free(&transport->certificate);
    mbedtls_pk_free(&transport->key);
    mbedtls_x509_crt_init(&transport->certificate);
    mbedtls_pk_init(&transport->key);
    transport->identity++;
    transport->has_identity =
        certificate &&
        mbedtls_x509_crt_parse(&transport->certificate, (const unsigned char *)certificate,
                               strlen(certificate) + 1) == 0 &&
        mbedtls_pk_parse_key(&transport->key, key, key_len, NULL, 0, random_of, NULL) == 0;
}

static void set_time(void *context, int64_t unix_ms)
{
    (void)context;
    (void)unix_ms; /* a host has a clock of its own */
}

/* --- A connection ---------------------------------------------------------------------- */

static void line_close(struct line *line)
{
    if (line->has_ssl) {
        if (line->state == LINE_OPEN)
            mbedtls_ssl_close_notify(&line->ssl);
        mbedtls_ssl_free(&line->ssl);
        mbedtls_ssl_config_free(&line->config);
        line->has_ssl = false;
    }
    if (line->socket >= 0)
        close(line->socket);
    line->socket = -1;
    line->state = LINE_CLOSED;
    line->input_len = line->input_used = 0;
}

static int bio_send(void *context, const unsigned char *data, size_t len)
{
    const struct line *line = context;
    ssize_t sent = send(line->socket, data, len, MSG_NOSIGNAL);
    if (sent >= 0)
        return (int)sent;
    return errno == EAGAIN ? MBEDTLS_ERR_SSL_WANT_WRITE : MBEDTLS_ERR_SSL_CONN_EOF;
}

static int bio_receive(void *context, unsigned char *out, size_t len)
{
    const struct line *line = context;
    ssize_t got = recv(line->socket, out, len, 0);
    if (got >= 0)
        return (int)got;
    return errno == EAGAIN ? MBEDTLS_ERR_SSL_WANT_READ : MBEDTLS_ERR_SSL_CONN_EOF;
}

static bool socket_open(struct line *line)
{
    const struct client_endpoint *endpoint = &line->transport->endpoint;
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    char port[8];
    snprintf(port, sizeof port, "%u", endpoint->port);
    if (getaddrinfo(endpoint->address, port, &hints, &found) != 0)
        return false;
    line->socket = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool started = line->socket >= 0 &&
                   (connect(line->socket, found->ai_addr, found->ai_addrlen) == 0 ||
                    errno == EINPROGRESS);
    freeaddrinfo(found);
    return started;
}

static bool tls_open(struct line *line)
{
    struct transport *transport = line->transport;
    mbedtls_ssl_init(&line->ssl);
    mbedtls_ssl_config_init(&line->config);
    line->has_ssl = true;
    if (mbedtls_ssl_config_defaults(&line->config, MBEDTLS_SSL_IS_CLIENT,
                                    MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0)
        return false;
    mbedtls_ssl_conf_min_tls_version(&line->config, MBEDTLS_SSL_VERSION_TLS1_3);
    mbedtls_ssl_conf_authmode(&line->config, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_chain(&line->config, &transport->ca, NULL);
    mbedtls_ssl_conf_rng(&line->config, random_of, NULL);
    if (line->mutual && mbedtls_ssl_conf_own_cert(&line->config, &transport->certificate,
                                                  &transport->key) != 0)
        return false;
    if (mbedtls_ssl_setup(&line->ssl, &line->config) != 0 ||
        mbedtls_ssl_set_hostname(&line->ssl, transport->endpoint.server_name) != 0)
        return false;
    mbedtls_ssl_set_bio(&line->ssl, line, bio_send, bio_receive, NULL);
    return true;
}

static bool line_open(struct line *line)
{
    line->reused = false;
    line->state = LINE_CONNECTING;
    line->wants = POLLOUT;
    if (socket_open(line) && tls_open(line))
        return true;
    line_close(line);
    return false;
}

/* --- An exchange ----------------------------------------------------------------------- */

static void request_write(struct line *line, const struct client_request *request)
{
    char range[64] = "";
    size_t room = strlen(request->path) + request->body_len + 512;
    free(line->request);
    line->request = malloc(room);
    line->request_sent = line->request_len = 0;
    if (!line->request)
        return;
    if (request->range_from)
        snprintf(range, sizeof range, "Range: bytes=%llu-\r\n",
                 (unsigned long long)request->range_from);
    int head = snprintf(
        line->request, room,
        "%s %s HTTP/1.1\r\nHost: %s\r\n%s%sContent-Length: %zu\r\n\r\n", request->method,
        request->path, line->transport->endpoint.server_name, range,
        request->body_len ? "Content-Type: application/json\r\n" : "", request->body_len);
    memcpy(line->request + head, request->body, request->body_len);
    line->request_len = (size_t)head + request->body_len;
}

static bool start(void *context, enum client_channel channel,
                  const struct client_request *request)
{
    struct transport *transport = context;
    struct line *line = &transport->lines[channel];
    if (request->mutual && !transport->has_identity)
        return false;
    if (line->state != LINE_OPEN || line->mutual != request->mutual ||
        line->identity != transport->identity)
        line_close(line);
    line->mutual = request->mutual;
    line->identity = transport->identity;
    line->heard = false;
    request_write(line, request);
    http_parser_init(&line->parser);
    line->input_len = line->input_used = 0;
    line->reused = line->state == LINE_OPEN;
    return line->request && (line->state == LINE_OPEN || line_open(line));
}

static void failed(struct line *line, struct client_io_event *out,
                   enum client_net_error error)
{
    line_close(line);
    out->kind = CLIENT_IO_FAILED;
    out->error = error;
}

/* A kept connection that the server closed meanwhile is opened anew, once. */
static void ended(struct line *line, struct client_io_event *out)
{
    bool again = line->reused && !line->heard;
    line_close(line);
    line->request_sent = 0;
    if (!again || !line_open(line))
        failed(line, out, again ? CLIENT_NET_CONNECT : CLIENT_NET_CLOSED);
}

/* Whether to go on at once. */
static bool step_connect(struct line *line, struct client_io_event *out)
{
    struct pollfd ready = {.fd = line->socket, .events = POLLOUT};
    int error = 0;
    socklen_t len = sizeof error;
    if (poll(&ready, 1, 0) == 0)
        return false;
    getsockopt(line->socket, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error != 0) {
        failed(line, out, CLIENT_NET_CONNECT);
        return false;
    }
    line->state = LINE_HANDSHAKE;
    return true;
}

static bool wants_more(struct line *line, int result)
{
    line->wants = result == MBEDTLS_ERR_SSL_WANT_WRITE ? POLLOUT : POLLIN;
    return result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE ||
           result == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET;
}

static bool step_handshake(struct line *line, struct client_io_event *out)
{
    int result = mbedtls_ssl_handshake(&line->ssl);
    if (result == 0) {
        line->state = LINE_OPEN;
        return true;
    }
    if (!wants_more(line, result))
        failed(line, out,
               result == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED ? CLIENT_NET_CERTIFICATE
                                                             : CLIENT_NET_TLS);
    return false;
}

static bool step_send(struct line *line, struct client_io_event *out)
{
    int result = mbedtls_ssl_write(
        &line->ssl, (const unsigned char *)line->request + line->request_sent,
        line->request_len - line->request_sent);
    if (result > 0) {
        line->request_sent += (size_t)result;
        return true;
    }
    if (!wants_more(line, result))
        ended(line, out);
    return false;
}

static bool step_receive(struct line *line, struct client_io_event *out)
{
    int result = mbedtls_ssl_read(&line->ssl, line->input, sizeof line->input);
    if (result > 0) {
        line->heard = true;
        line->input_len = (size_t)result;
        line->input_used = 0;
        return true;
    }
    if (result == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
        return true;
    if (!wants_more(line, result))
        ended(line, out);
    return false;
}

static void head_of(const struct http_parser *parser, struct client_head *out)
{
    *out =
        (struct client_head){.status = parser->status,
                             .length = parser->has_length ? (int64_t)parser->length : -1,
                             .range_from = -1,
                             .range_total = -1,
                             .retry_after_s = parser->retry_after_s};
    if (parser->has_range) {
        out->range_from = (int64_t)parser->range_first;
        if (parser->range_total != UINT64_MAX)
            out->range_total = (int64_t)parser->range_total;
    }
}

/* Parses what has come; false: more bytes are needed. */
static bool step_parse(struct line *line, struct client_io_event *out)
{
    size_t used;
    enum http_parse result =
        http_parser_feed(&line->parser, line->input + line->input_used,
                         line->input_len - line->input_used, &used, &out->data, &out->len);
    line->input_used += used;
    switch (result) {
    case HTTP_PARSE_MORE: return false;
    case HTTP_PARSE_HEAD:
        out->kind = CLIENT_IO_HEAD;
        head_of(&line->parser, &out->head);
        break;
    case HTTP_PARSE_BODY: out->kind = CLIENT_IO_BODY; break;
    case HTTP_PARSE_DONE:
        out->kind = CLIENT_IO_DONE;
        if (!line->parser.keep_alive || line->input_used < line->input_len)
            line_close(line);
        break;
    case HTTP_PARSE_BAD: failed(line, out, CLIENT_NET_PROTOCOL); break;
    }
    return true;
}

static void next(void *context, enum client_channel channel, struct client_io_event *out)
{
    struct transport *transport = context;
    struct line *line = &transport->lines[channel];
    bool on = true;
    out->kind = CLIENT_IO_PENDING;
    if (transport->cut || line->state == LINE_CLOSED) {
        failed(line, out, CLIENT_NET_CONNECT);
        return;
    }
    while (on && out->kind == CLIENT_IO_PENDING) {
        if (line->state == LINE_CONNECTING)
            on = step_connect(line, out);
        else if (line->state == LINE_HANDSHAKE)
            on = step_handshake(line, out);
        else if (line->request_sent < line->request_len)
            on = step_send(line, out);
        else if (!step_parse(line, out))
            on = step_receive(line, out);
    }
}

static void cancel(void *context, enum client_channel channel)
{
    struct transport *transport = context;
    line_close(&transport->lines[channel]);
}

/* --- The transport --------------------------------------------------------------------- */

struct transport *transport_create(void)
{
    struct transport *transport = calloc(1, sizeof *transport);
    if (!transport || psa_crypto_init() != PSA_SUCCESS) {
        free(transport);
        return NULL;
    }
    mbedtls_x509_crt_init(&transport->ca);
    mbedtls_x509_crt_init(&transport->certificate);
    mbedtls_pk_init(&transport->key);
    for (int i = 0; i < CLIENT_CHANNEL_COUNT; i++) {
        transport->lines[i].transport = transport;
        transport->lines[i].socket = -1;
    }
    return transport;
}

void transport_destroy(struct transport *transport)
{
    if (!transport)
        return;
    for (int i = 0; i < CLIENT_CHANNEL_COUNT; i++) {
        line_close(&transport->lines[i]);
        free(transport->lines[i].request);
    }
    mbedtls_pk_free(&transport->key);
    mbedtls_x509_crt_free(&transport->certificate);
    mbedtls_x509_crt_free(&transport->ca);
    free(transport);
}

void transport_port(struct transport *transport, struct client_transport *out)
{
    *out = (struct client_transport){.context = transport,
                                     .set_endpoint = set_endpoint,
                                     .set_identity = set_identity,
                                     .set_time = set_time,
                                     .start = start,
                                     .next = next,
                                     .cancel = cancel};
}

size_t transport_poll(const struct transport *transport, struct pollfd *out)
{
    size_t count = 0;
    for (int i = 0; i < CLIENT_CHANNEL_COUNT; i++) {
        const struct line *line = &transport->lines[i];
        if (line->state != LINE_CLOSED)
            out[count++] = (struct pollfd){.fd = line->socket, .events = line->wants};
    }
    return count;
}

void transport_cut(struct transport *transport, bool cut)
{
    transport->cut = cut;
}
