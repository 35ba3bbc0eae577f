/* What the files of the http cell share: the client object. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_NET_HTTP_HTTP_PRIVATE_H
#define NEURATH_NET_HTTP_HTTP_PRIVATE_H

#include "http.h"
#include "parser.h"

#include <task/task/task.h>
#include <tls/tls/tls.h>

struct conn;

enum { HTTP_INPUT_LEN = 16 * 1024, HTTP_HOST_LEN_MAX = 253 };

/* States, and who makes the transition:
 *   IDLE --begin--> CONNECTING | SENDING    begin: SENDING when a kept connection can be used
 *   CONNECTING --step_connect--> SENDING --step_send--> RECEIVING --step_receive--> DONE
 *   SENDING --step_receive--> DONE    an answer before all was sent
 *   SENDING, RECEIVING --connection_ended--> CONNECTING    once, see http_step()
 *   any --http_fail--> FAILED     any --http_cancel--> IDLE     DONE, FAILED --begin--> as IDLE
 * Invariants (tests cite the numbers):
 *  1. The connection belongs to `tls` when there is one, else to this object.
 *  2. In DONE, FAILED and IDLE there is a connection only if it can carry another request.
 *  3. `body` has room for a zero byte behind body_len, and it is there. */
enum http_state {
    HTTP_IDLE,
    HTTP_CONNECTING,
    HTTP_SENDING,
    HTTP_RECEIVING,
    HTTP_DONE,
    HTTP_FAILED,
};

struct http {
    enum http_state state;
    char host[HTTP_HOST_LEN_MAX + 1];
    char host_header[HTTP_HOST_LEN_MAX + 1];
    uint16_t port;
    bool secure;
    struct tls_options tls_options; /* points into credentials */
    uint8_t *credentials;
    size_t credentials_len;
    struct event *event;
    struct event own_event;

    struct conn *conn; /* NULL: none */
    struct tls *tls;
    bool opened;   /* the TCP connection was established */
    bool reused;   /* it had carried a request before this one */
    bool answered; /* a byte of this answer has arrived */

    uint8_t *request; /* head and body as sent */
    size_t request_len, request_sent;
    uint64_t range_first;
    size_t body_len_max;

    struct http_response response;
    uint8_t *body;
    size_t body_cap; /* without the byte for the zero */
    uint64_t body_received;
    uint64_t sent, received; /* of this request, above TLS */
    enum http_failure failure;
    char error[HTTP_ERROR_LEN];

    struct http_parser parser;
    uint8_t input[HTTP_INPUT_LEN];
};

/* request.c: composes the text of REQUEST in http->request. STATUS_INVALID: method, path or type; STATUS_FULL. */
NODISCARD enum status http_compose(struct http *http, const struct http_request *request);

/* answer.c: judges the head that http->parser has read, and appends a piece of the body. False: failed, and said so. */
bool http_accept_head(struct http *http);
bool http_accept_body(struct http *http, const uint8_t *data, size_t len);

/* http.c: FAILED with these words; the connection is dropped. */
void http_fail(struct http *http, enum http_failure failure, const char *words);

#endif
