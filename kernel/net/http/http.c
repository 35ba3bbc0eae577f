/* The HTTP client: one connection, one request at a time, never waiting. */
/* SPDX-License-Identifier: MIT */
#include "http_private.h"

#include <lib/format/format.h>
#include <mm/heap/heap.h>
#include <net/net/net.h>
#include <string.h>

/* Reads of one step; then other tasks get their turn. */
enum { READS_PER_STEP = 32 };

static void drop_connection(struct http *http)
{
    if (http->tls != NULL)
        tls_close(http->tls);
    else
        conn_close(http->conn);
    http->tls = NULL;
    http->conn = NULL;
}

void http_fail(struct http *http, enum http_failure failure, const char *words)
{
    format_text(http->error, sizeof http->error, "%s", words);
    http->failure = failure;
    http->state = HTTP_FAILED;
    drop_connection(http);
}

/* ---- bytes over the connection, secure or plain ---- */

static enum status line_read(struct http *http, void *out, size_t cap, size_t *out_len)
{
    return http->tls != NULL ? tls_read(http->tls, out, cap, out_len)
                             : conn_read(http->conn, out, cap, out_len);
}

static enum status line_write(struct http *http, const void *data, size_t len,
                              size_t *out_len)
{
    return http->tls != NULL ? tls_write(http->tls, data, len, out_len)
                             : conn_write(http->conn, data, len, out_len);
}

/* Why the connection ended, in words; lent by tls or net. */
static const char *line_error(const struct http *http)
{
    const char *words = http->tls != NULL ? tls_error(http->tls) : conn_error(http->conn);
    return words[0] != 0 ? words : "the server closed the connection";
}

/* ---- the steps; each returns STATUS_OK to go on with the next state, STATUS_AGAIN to wait, STATUS_IO if failed ---- */

static enum status connect_start(struct http *http)
{
    http->opened = false;
    http->reused = false;
    if (conn_open(http->host, http->port, http->event, &http->conn) != STATUS_OK) {
        http_fail(http, HTTP_FAILURE_MEMORY, "no memory for a connection");
        return STATUS_IO;
    }
    if (!http->secure)
        return STATUS_OK;
    if (tls_open(http->conn, &http->tls_options, &http->tls) != STATUS_OK) {
        http->conn = NULL; /* tls_open() has closed it */
        http_fail(http, HTTP_FAILURE_MEMORY, "no memory for a TLS session");
        return STATUS_IO;
    }
    return STATUS_OK;
}

static enum http_failure handshake_failure(const struct http *http, enum status status)
{
    switch (status) {
    case STATUS_DENIED: return HTTP_FAILURE_CERTIFICATE;
    case STATUS_UNSUPPORTED: return HTTP_FAILURE_RANDOM;
    case STATUS_FULL: return HTTP_FAILURE_MEMORY;
    default: return http->opened ? HTTP_FAILURE_TLS : HTTP_FAILURE_CONNECT;
    }
}

static enum status step_connect(struct http *http)
{
    enum status status = STATUS_OK;
    if (http->conn == NULL)
        status = connect_start(http);
    if (status != STATUS_OK)
        return status;
    enum conn_state state = conn_state(http->conn);
    http->opened = http->opened || state == CONN_OPEN || state == CONN_HALF;
    if (!http->opened && state != CONN_FAILED)
        return STATUS_AGAIN;
    if (!http->opened) {
        http_fail(http, HTTP_FAILURE_CONNECT, conn_error(http->conn));
        return STATUS_IO;
    }
    if (http->tls != NULL)
        status = tls_handshake(http->tls);
    if (status == STATUS_OK)
        http->state = HTTP_SENDING;
    if (status == STATUS_OK || status == STATUS_AGAIN)
        return status;
    http_fail(http, handshake_failure(http, status), tls_error(http->tls));
    return STATUS_IO;
}

/* A kept connection may be closed by the server just when we use it: that is nobody's failure. */
static enum status connection_ended(struct http *http)
{
    if (http->reused && !http->answered) {
        drop_connection(http);
        http->request_sent = 0;
        http->state = HTTP_CONNECTING;
        return STATUS_OK;
    }
    http_fail(http, HTTP_FAILURE_CLOSED, line_error(http));
    return STATUS_IO;
}

static void answer_complete(struct http *http, bool left_over)
{
    http->response.complete = true;
    http->state = HTTP_DONE;
    if (!http->parser.keep_alive || left_over || http->request_sent < http->request_len)
        drop_connection(http);
}

/* Feeds LEN bytes of http->input to the parser. False: failed. */
static bool parse_input(struct http *http, size_t len)
{
    size_t at = 0;
    for (;;) {
        const uint8_t *body;
        size_t used, body_len;
        enum http_parse result = http_parser_feed(&http->parser, http->input + at,
                                                  len - at, &used, &body, &body_len);
        at += used;
        switch (result) {
        case HTTP_PARSE_MORE: return true;
        case HTTP_PARSE_HEAD:
            if (!http_accept_head(http))
                return false;
            break;
        case HTTP_PARSE_BODY:
            if (!http_accept_body(http, body, body_len))
                return false;
            break;
        case HTTP_PARSE_DONE: answer_complete(http, at < len); return true;
        case HTTP_PARSE_BAD:
            http_fail(http, HTTP_FAILURE_PROTOCOL, http->parser.error);
            return false;
        }
    }
}

static enum status step_receive(struct http *http)
{
    for (unsigned i = 0; i < READS_PER_STEP; i++) {
        size_t len;
        enum status status = line_read(http, http->input, sizeof http->input, &len);
        if (status == STATUS_AGAIN)
            return status;
        if (status != STATUS_OK)
            return connection_ended(http);
        http->answered = true;
        http->received += len;
        if (!parse_input(http, len))
            return STATUS_IO;
        if (http->state == HTTP_DONE)
            return STATUS_OK;
    }
    event_signal(http->event); /* there may be more: come back soon */
    return STATUS_AGAIN;
}

/* A server may answer before it has read all (413, 503) and then read no more, or close: so the answer is looked for
 * whenever sending cannot go on. */
static enum status step_send(struct http *http)
{
    while (http->request_sent < http->request_len) {
        size_t len;
        enum status status = line_write(http, http->request + http->request_sent,
                                        http->request_len - http->request_sent, &len);
        if (status != STATUS_OK)
            return step_receive(http);
        http->request_sent += len;
        http->sent += len;
    }
    http->state = HTTP_RECEIVING;
    return STATUS_OK;
}

enum status http_step(struct http *http)
{
    enum status status = STATUS_OK;
    while (status == STATUS_OK) {
        switch (http->state) {
        case HTTP_CONNECTING: status = step_connect(http); break;
        case HTTP_SENDING: status = step_send(http); break;
        case HTTP_RECEIVING: status = step_receive(http); break;
        case HTTP_DONE: return STATUS_OK;
        case HTTP_FAILED: return STATUS_IO;
        case HTTP_IDLE: return STATUS_INVALID;
        }
    }
    return status;
}

/* ---- life ---- */

static void put_bytes(uint8_t **at, const uint8_t **field, size_t len)
{
    if (*field == NULL)
        return;
    memcpy(*at, *field, len);
    *field = *at;
    *at += len;
}

static enum status copy_tls_options(struct http *http, const struct tls_options *options)
{
    size_t name_len = strlen(options->server_name) + 1;
    struct tls_options *copy = &http->tls_options;
    const uint8_t *name = (const uint8_t *)options->server_name;
    http->credentials_len =
        name_len + options->ca_len + options->certificate_len + options->key_len;
    http->credentials = heap_bytes(http->credentials_len);
    if (http->credentials == NULL)
        return STATUS_FULL;
    uint8_t *at = http->credentials;
    *copy = *options;
    put_bytes(&at, &name, name_len);
    copy->server_name = (const char *)name;
    put_bytes(&at, &copy->ca, copy->ca_len);
    put_bytes(&at, &copy->certificate, copy->certificate_len);
    put_bytes(&at, &copy->key, copy->key_len);
    http->secure = true;
    return STATUS_OK;
}

enum status http_create(const struct http_options *options, struct event *event,
                        struct http **out_http)
{
    const char *header =
        options->host_header != NULL ? options->host_header : options->host;
    if (strlen(options->host) > HTTP_HOST_LEN_MAX || strlen(header) > HTTP_HOST_LEN_MAX ||
        options->port == 0)
        return STATUS_INVALID;
    struct http *http = heap_new(struct http);
    if (http == NULL)
        return STATUS_FULL;
    memcpy(http->host, options->host, strlen(options->host) + 1);
    memcpy(http->host_header, header, strlen(header) + 1);
    http->port = options->port;
    event_init(&http->own_event);
    http->event = event != NULL ? event : &http->own_event;
    if (options->tls != NULL && copy_tls_options(http, options->tls) != STATUS_OK) {
        heap_free(http);
        return STATUS_FULL;
    }
    *out_http = http;
    return STATUS_OK;
}

void http_destroy(struct http *http)
{
    if (http == NULL)
        return;
    drop_connection(http);
    if (http->credentials != NULL)
        memset(http->credentials, 0, http->credentials_len); /* may hold a private key */
    heap_free(http->credentials);
    heap_free(http->request);
    heap_free(http->body);
    heap_free(http);
}

/* A session of a TLS library that has been replaced is not used again: the request shows whether the new one works, and
 * the old one can end. */
static bool can_carry_another(const struct http *http)
{
    return http->conn != NULL && conn_state(http->conn) == CONN_OPEN &&
           (http->tls == NULL || tls_is_current(http->tls));
}

enum status http_begin(struct http *http, const struct http_request *request)
{
    if (http->state != HTTP_DONE || !can_carry_another(http))
        drop_connection(http);
    enum status status = http_compose(http, request);
    if (status != STATUS_OK)
        return status;
    heap_free(http->body);
    http->body = NULL;
    http->body_cap = 0;
    http->body_received = 0;
    http->body_len_max = request->body_len_max;
    http->range_first = request->range_first;
    http->response = (struct http_response){.body_total = UINT64_MAX};
    http->sent = http->received = 0;
    http->failure = HTTP_FAILURE_NONE;
    http->error[0] = 0;
    http->answered = false;
    http->reused = http->conn != NULL;
    http_parser_init(&http->parser);
    http->state = http->conn != NULL ? HTTP_SENDING : HTTP_CONNECTING;
    return STATUS_OK;
}

void http_cancel(struct http *http)
{
    if (http->state != HTTP_DONE && http->state != HTTP_FAILED)
        drop_connection(http);
    http->state = HTTP_IDLE;
}

/* ---- facts ---- */

const struct http_response *http_response(const struct http *http)
{
    return &http->response;
}

uint8_t *http_take_body(struct http *http, size_t *out_len)
{
    uint8_t *body = http->body;
    *out_len = http->response.body_len;
    http->body = NULL;
    http->body_cap = 0;
    http->response.body = NULL;
    http->response.body_len = 0;
    return body;
}

struct event *http_event(struct http *http)
{
    return http->event;
}

enum http_failure http_failure(const struct http *http)
{
    return http->failure;
}

const char *http_error(const struct http *http)
{
    return http->error;
}

void http_progress(const struct http *http, uint64_t *out_sent, uint64_t *out_received)
{
    *out_sent = http->sent;
    *out_received = http->received;
}

bool http_connected(const struct http *http)
{
    return http->conn != NULL;
}
