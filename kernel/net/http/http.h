/* HTTP/1.1 client: one kept connection to one server, plain or over TLS, one request at a time. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_NET_HTTP_HTTP_H
#define NEURATH_NET_HTTP_HTTP_H

/* Source: RFC 9110, 9112. Strict: what is not plainly correct is refused. Redirects are
 * never followed, content codings never asked for. Bodies are collected in memory up to
 * the request's cap. No call waits; STATUS_AGAIN means "wait for http_event(), then call
 * http_step() again". Deadlines and minimum rates are the caller's: http_progress() tells
 * how many bytes have arrived, http_cancel() gives up. */

#include <lib/base/status.h>
#include <lib/base/types.h>

struct event;
struct http;
struct tls_options;

enum {
    HTTP_HEAD_LEN_MAX = 16 * 1024,
    HTTP_HEADERS_MAX = 64,
    HTTP_ERROR_LEN = 192,
    HTTP_PATH_LEN_MAX = 1024
};

/* All is copied by http_create(), the TLS options too. */
struct http_options {
    const char *host; /* where to connect: address or name */
    uint16_t port;
    const char *host_header;       /* NULL: as host */
    const struct tls_options *tls; /* NULL: plain HTTP */
};

struct http_request {
    const char *method;  /* "GET" or "POST" */
    const char *path;    /* begins with '/', no blanks or controls */
    const uint8_t *body; /* copied; NULL with 0: none */
    size_t body_len;
    const char *content_type; /* with a body; NULL: application/json */
    uint64_t range_first;     /* > 0: ask for bytes from here to the end */
    size_t body_len_max; /* cap of the answer's body; more is refused as STATUS_FULL */
};

/* What kind of thing went wrong; the words are in http_error(). */
enum http_failure {
    HTTP_FAILURE_NONE,
    HTTP_FAILURE_CONNECT, /* no connection: refused, no route, no such name, timed out */
    HTTP_FAILURE_TLS,     /* the handshake failed */
    HTTP_FAILURE_CERTIFICATE, /* the server's certificate or name is not the expected one */
    HTTP_FAILURE_CLOSED,      /* the connection ended before the answer did */
    HTTP_FAILURE_PROTOCOL,    /* the answer is not HTTP as we accept it */
    HTTP_FAILURE_TOO_LONG,    /* the body is longer than the caller's cap */
    HTTP_FAILURE_RANDOM,      /* no random numbers: TLS refuses to start */
    HTTP_FAILURE_MEMORY,
};

struct http_response {
    unsigned status;        /* 0: no head yet */
    bool complete;          /* the whole body is there */
    uint64_t body_offset;   /* first byte's position in the whole (206), else 0 */
    uint64_t body_total;    /* whole length as the server says it; UINT64_MAX: unknown */
    uint32_t retry_after_s; /* 0: not said (the date form counts as not said) */
    char content_type[64];  /* without parameters, lower case */
    const uint8_t *body;    /* lent until the next http_begin(), http_take_body() or */
                            /* http_destroy(); followed by a 0 byte */
    size_t body_len;
};

/* Makes a client; nothing is connected before the first request. EVENT: NULL, or the
 * event to signal (it must outlive the client). Gives *out_http. */
NODISCARD enum status http_create(const struct http_options *options, struct event *event,
                                  struct http **out_http);
/* Takes HTTP (NULL allowed) and closes its connection. */
void http_destroy(struct http *http);

/* Starts a request; opens a connection if there is none that can be reused. Ends an
 * unfinished request as http_cancel() does. */
NODISCARD enum status http_begin(struct http *http, const struct http_request *request);
/* Goes on as far as it can. STATUS_OK: the answer is complete. STATUS_AGAIN: wait. STATUS_IO:
 * failed, see http_failure() and http_error(); what has arrived is still in http_response(),
 * so that it can be resumed by a range. STATUS_INVALID: there is no request.
 * When a connection that was kept open ends before any byte of the answer, the request is sent
 * once more on a new one: only requests that may be carried out twice may be made here. */
NODISCARD enum status http_step(struct http *http);
/* Gives up; the connection is dropped. */
void http_cancel(struct http *http);

const struct http_response *http_response(const struct http *http);
/* Gives the body collected since the last call (heap_free() it), also in the middle of an
 * answer: so a body can be worked off piece by piece. The response's body is then empty.
 * NULL: no body. */
NODISCARD uint8_t *http_take_body(struct http *http, size_t *out_len);
struct event *http_event(struct http *http);
enum http_failure http_failure(const struct http *http);
/* Why it failed, one line; "" if it did not. */
const char *http_error(const struct http *http);
/* Bytes sent and received over the wire for the current request: a rate over any window
 * is the caller's to compute. */
void http_progress(const struct http *http, uint64_t *out_sent, uint64_t *out_received);
/* Whether there is a connection that is in use, or kept for the next request. */
bool http_connected(const struct http *http);

#endif
