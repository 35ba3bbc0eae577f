/* A listener for HTTP/1.1, with or without TLS, on libmicrohttpd: one thread and epoll for each address.
 * SPDX-License-Identifier: MIT
 *
 * A handler looks at a request and fills an answer. It may PARK the request: then the connection
 * sleeps, using no thread, until http_wake() or its deadline, and the handler is called again with
 * request->resumed set. A STREAM answer is asked for bytes again and again and sleeps the same way.
 * Invariants:
 *  1 A wake that happens after a handler looked, and before its connection sleeps, is not lost: the
 *    count of wakes is read before the handler runs and compared after the connection is suspended.
 *  2 Memory is bounded: body at most HTTP_BODY_MAX (of a stranger HTTP_STRANGER_MAX, where certificates are asked
 *    for), connections and streams at most their limits.
 *  3 A connection that does not bring a whole request in its time is ended, however slowly it goes on.
 * Handlers run on the listener's threads; the wake functions may be called from any thread. */
#ifndef NEURATH_ADAPT_HTTP_HTTP_H
#define NEURATH_ADAPT_HTTP_HTTP_H

#include "base/result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define HTTP_BODY_MAX (1024 * 1024)
#define HTTP_STRANGER_MAX (16 * 1024)
#define HTTP_PATIENCE_MS 30000
#define HTTP_KEY_MAX 64
#define HTTP_HEADERS_MAX 12

struct http_listener;

struct http_request {
    const char *method;
    const char *path; /* decoded, without the query */
    const char *body; /* NUL-terminated */
    size_t body_len;
    bool resumed;                     /* the handler parked it before */
    bool out_of_time;                 /* its deadline has passed */
    int64_t arrived_ms;               /* monotonic */
    char peer_name[HTTP_KEY_MAX + 1]; /* common name of the verified client certificate, or empty */
    bool secure;
    void *connection; /* private */
    char scratch[64]; /* the handler's own, kept while parked */
};

/* Both are lent for the call; NULL when absent. Query values are decoded. */
const char *http_header(const struct http_request *request, const char *name);
const char *http_query(const struct http_request *request, const char *name);
/* The value of a cookie, GIVEN for free(); NULL when absent. */
char *http_cookie(const struct http_request *request, const char *name);

/* Gives the next bytes of a stream: 0..max, 0 = sleep until woken or DEADLINE (*out_deadline_ms,
 * monotonic); -1 ends the stream. */
typedef ssize_t (*http_stream_fn)(void *context, char *bytes, size_t max,
                                  int64_t *out_deadline_ms);
typedef void (*http_stream_end_fn)(void *context);

enum http_answer_kind { HTTP_BODY, HTTP_FILE, HTTP_PARK, HTTP_STREAM };

/* Starts zeroed with status 200. */
struct http_answer {
    enum http_answer_kind kind;
    unsigned status;
    char *body; /* BODY: the listener TAKES it and calls free(); NULL = empty */
    size_t body_len;
    int fd; /* FILE: the listener TAKES it */
    uint64_t file_offset;
    uint64_t file_len;
    int64_t deadline_ms;        /* PARK: monotonic */
    char key[HTTP_KEY_MAX + 1]; /* PARK and STREAM: who is woken */
    http_stream_fn stream;      /* STREAM */
    http_stream_end_fn stream_end;
    void *stream_context;
    size_t header_count;
    struct http_answer_header {
        const char *name; /* a literal */
        char value[384];
    } headers[HTTP_HEADERS_MAX];
};

/* Sets the body to a copy of TEXT. */
void http_answer_text(struct http_answer *answer, unsigned status, const char *type,
                      const char *text);
void http_answer_header(struct http_answer *answer, const char *name, const char *format,
                        ...) __attribute__((format(printf, 3, 4)));

typedef void (*http_handle_fn)(void *context, struct http_request *request,
                               struct http_answer *answer);

struct http_config {
    const char *name;    /* for the log */
    const char *address; /* IPv4 in text form */
    const char *address6; /* IPv6 too, under the same port, if this host has it; NULL: no */
    uint16_t port;        /* 0: any */
    unsigned connection_limit; /* of each address */
    unsigned connection_timeout_s;
    unsigned threads;
    int64_t patience_ms; /* how long a request may take to arrive; 0: HTTP_PATIENCE_MS */
    const char *tls_key; /* PEM; NULL: plain */
    const char *tls_certificate;
    const char *tls_client_ca; /* PEM: client certificates are asked for and checked against it */
    http_handle_fn handle;
    void *context;
};

/* GIVES *out for http_stop(). RESULT_EXISTS with a problem when the port is taken. */
NODISCARD enum result http_start(const struct http_config *config,
                                 struct http_listener **out, struct problem *problem);
void http_stop(struct http_listener *listener);
uint16_t http_port(const struct http_listener *listener);

/* Wakes what sleeps under KEY; NULL: everything. LISTENER may be NULL. */
void http_wake(struct http_listener *listener, const char *key);

/* Wakes what is out of time; gives the next deadline (monotonic), or INT64_MAX. */
int64_t http_tick(struct http_listener *listener, int64_t now_ms);

/* How many connections sleep under keys that begin with PREFIX. */
size_t http_sleeping(struct http_listener *listener, const char *prefix);

/* Called (on any thread) when a nearer deadline than any before was set. */
void http_on_deadline(struct http_listener *listener, void (*changed)(void *),
                      void *context);

#endif
