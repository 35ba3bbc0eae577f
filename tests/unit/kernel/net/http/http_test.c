/* The HTTP client over connections that play a script: what it sends, what it makes of the answer, when it tries again. */
/* SPDX-License-Identifier: MIT */
#include <mm/heap/heap.h>
#include <net/http/http.h>
#include <net/net/net.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <task/task/task.h>
#include <tls/tls/tls.h>

#include <cmocka.h>

enum { SCRIPTS_MAX = 8, SENT_MAX = 8192 };

enum ending { STAYS_OPEN, ENDS, RESETS, REFUSES };

/* What the server does on its Nth connection. */
struct script {
    const char *answer;    /* given as soon as something was sent */
    enum ending ending;    /* after the answer */
    enum status handshake; /* of TLS, 0: good */
};

struct conn {
    const struct script *script;
    size_t given;
    bool asked;
};

static struct {
    struct script scripts[SCRIPTS_MAX];
    unsigned opened, closed;
    struct conn conns[SCRIPTS_MAX];
    size_t piece; /* most bytes of one read or write; 0: no limit */
    char sent[SENT_MAX];
    size_t sent_len;
    size_t room; /* bytes that the server reads before it stops; 0: all */
    unsigned fail_in;
    bool drained; /* the TLS library has been replaced */
} world;

/* ---- what the client imports ---- */

uint8_t *heap_bytes(size_t len)
{
    return world.fail_in > 0 && --world.fail_in == 0 ? NULL : malloc(len);
}

void *heap_typed_calloc(size_t n, size_t len)
{
    return world.fail_in > 0 && --world.fail_in == 0 ? NULL : calloc(n, len);
}

uint8_t *heap_grow_bytes(uint8_t *bytes, size_t len)
{
    return world.fail_in > 0 && --world.fail_in == 0 ? NULL : realloc(bytes, len);
}

void heap_free(void *object)
{
    free(object);
}

void event_init(struct event *event)
{
    event->seq = 0;
}

void event_signal(struct event *event)
{
    event->seq++;
}

enum status conn_open(const char *host, uint16_t port, struct event *event,
                      struct conn **out_conn)
{
    assert_string_equal(host, "10.0.2.2");
    assert_int_equal(port, 8080);
    assert_non_null(event);
    assert_in_range(world.opened, 0, SCRIPTS_MAX - 1);
    struct conn *conn = &world.conns[world.opened];
    *conn = (struct conn){.script = &world.scripts[world.opened++]};
    *out_conn = conn;
    return STATUS_OK;
}

static bool answered(const struct conn *conn)
{
    return conn->asked && conn->given == strlen(conn->script->answer);
}

enum conn_state conn_state(const struct conn *conn)
{
    if (conn->script->ending == REFUSES ||
        (answered(conn) && conn->script->ending == RESETS))
        return CONN_FAILED;
    return answered(conn) && conn->script->ending == ENDS ? CONN_HALF : CONN_OPEN;
}

const char *conn_error(const struct conn *conn)
{
    return conn_state(conn) == CONN_FAILED ? "connection refused" : "";
}

static size_t limited(size_t len)
{
    return world.piece > 0 && len > world.piece ? world.piece : len;
}

enum status conn_read(struct conn *conn, void *out, size_t cap, size_t *out_len)
{
    const char *left = conn->script->answer + conn->given;
    size_t n = limited(strlen(left) < cap ? strlen(left) : cap);
    if (!conn->asked)
        return STATUS_AGAIN;
    if (n == 0)
        return conn->script->ending == ENDS     ? STATUS_CLOSED
               : conn->script->ending == RESETS ? STATUS_IO
                                                : STATUS_AGAIN;
    memcpy(out, left, n);
    conn->given += n;
    *out_len = n;
    return STATUS_OK;
}

enum status conn_write(struct conn *conn, const void *data, size_t len, size_t *out_len)
{
    size_t n = limited(len);
    if (conn_state(conn) == CONN_FAILED)
        return STATUS_IO;
    if (world.room > 0 && world.sent_len >= world.room)
        return STATUS_AGAIN;
    assert_in_range(world.sent_len + n, 0, SENT_MAX - 1);
    memcpy(world.sent + world.sent_len, data, n);
    world.sent_len += n;
    conn->asked = true;
    *out_len = n;
    return STATUS_OK;
}

void conn_close(struct conn *conn)
{
    world.closed += conn != NULL;
}

/* TLS adds nothing but its handshake. */
enum status tls_open(struct conn *conn, const struct tls_options *options,
                     struct tls **out_tls)
{
    assert_string_equal(options->server_name, "neurath-lab");
    assert_memory_equal(options->ca, "CA", 2);
    *out_tls = (struct tls *)(void *)conn;
    return STATUS_OK;
}

enum status tls_handshake(struct tls *tls)
{
    return ((struct conn *)(void *)tls)->script->handshake;
}

enum status tls_read(struct tls *tls, void *out, size_t cap, size_t *out_len)
{
    return conn_read((struct conn *)(void *)tls, out, cap, out_len);
}

enum status tls_write(struct tls *tls, const void *data, size_t len, size_t *out_len)
{
    return conn_write((struct conn *)(void *)tls, data, len, out_len);
}

void tls_close(struct tls *tls)
{
    conn_close((struct conn *)(void *)tls);
}

bool tls_is_current(const struct tls *tls)
{
    (void)tls;
    return !world.drained;
}

const char *tls_error(const struct tls *tls)
{
    return ((const struct conn *)(const void *)tls)->script->handshake != 0
               ? "the handshake failed"
               : "";
}

/* ---- the cases ---- */

static void assert_status(enum status got, enum status wanted)
{
    assert_string_equal(status_name(got), status_name(wanted));
}

static struct http *client(bool secure)
{
    const struct tls_options tls = {
        .server_name = "neurath-lab", .ca = (const uint8_t *)"CA", .ca_len = 2};
    const struct http_options options = {.host = "10.0.2.2",
                                         .port = 8080,
                                         .host_header = "neurath-lab",
                                         .tls = secure ? &tls : NULL};
    struct http *http;
    assert_status(http_create(&options, NULL, &http), STATUS_OK);
    return http;
}

static void script(unsigned number, const char *answer, enum ending ending)
{
    world.scripts[number] = (struct script){.answer = answer, .ending = ending};
}

static int fresh_world(void **state)
{
    (void)state;
    memset(&world, 0, sizeof world);
    for (unsigned i = 0; i < SCRIPTS_MAX; i++)
        script(i, "", STAYS_OPEN);
    return 0;
}

static enum status run(struct http *http, const struct http_request *request)
{
    assert_status(http_begin(http, request), STATUS_OK);
    enum status status = STATUS_AGAIN;
    for (unsigned i = 0; i < 1000 && status == STATUS_AGAIN; i++)
        status = http_step(http);
    return status;
}

static enum status get(struct http *http, const char *path)
{
    const struct http_request request = {
        .method = "GET", .path = path, .body_len_max = 1000};
    return run(http, &request);
}

static void sends_what_it_should(void **state)
{
    (void)state;
    struct http *http = client(false);
    script(0, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", STAYS_OPEN);
    const struct http_request request = {
        .method = "GET", .path = "/a?b=c", .range_first = 7, .body_len_max = 10};
    assert_status(run(http, &request), STATUS_OK);
    assert_string_equal(world.sent,
                        "GET /a?b=c HTTP/1.1\r\nHost: neurath-lab:8080\r\nUser-Agent: "
                        "neurath\r\nAccept: */*\r\n"
                        "Range: bytes=7-\r\n\r\n");
    http_destroy(http);
}

static void sends_a_body(void **state)
{
    (void)state;
    struct http *http = client(false);
    world.piece = 3;
    script(0, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", STAYS_OPEN);
    const struct http_request request = {.method = "POST",
                                         .path = "/p",
                                         .body = (const uint8_t *)"{\"a\":1}",
                                         .body_len = 7};
    assert_status(run(http, &request), STATUS_OK);
    assert_string_equal(
        world.sent,
        "POST /p HTTP/1.1\r\nHost: neurath-lab:8080\r\nUser-Agent: neurath\r\nAccept: "
        "*/*\r\n"
        "Content-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}");
    uint64_t sent, received;
    http_progress(http, &sent, &received);
    assert_int_equal(sent, world.sent_len);
    assert_int_equal(received, strlen(world.scripts[0].answer));
    http_destroy(http);
}

static void refuses_requests_that_could_be_read_as_two(void **state)
{
    (void)state;
    static const char *const paths[] = {"", "x", "/a b", "/a\r\nX: y", "/\x7f", "/\x01"};
    struct http *http = client(false);
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        const struct http_request request = {.method = "GET", .path = paths[i]};
        assert_status(http_begin(http, &request), STATUS_INVALID);
    }
    const struct http_request bad_method = {.method = "GET /x", .path = "/"};
    assert_status(http_begin(http, &bad_method), STATUS_INVALID);
    const struct http_request bad_type = {
        .method = "POST", .path = "/", .content_type = "a\r\nb: c"};
    assert_status(http_begin(http, &bad_type), STATUS_INVALID);
    assert_status(http_step(http), STATUS_INVALID);
    http_destroy(http);
}

static void keeps_the_connection(void **state)
{
    (void)state;
    struct http *http = client(true);
    script(0, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", STAYS_OPEN);
    assert_status(get(http, "/1"), STATUS_OK);
    assert_true(http_connected(http));
    world.scripts[0].answer = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 404 "
                              "No\r\nContent-Length: 1\r\n\r\nb";
    assert_status(get(http, "/2"), STATUS_OK);
    assert_int_equal(http_response(http)->status, 404);
    assert_memory_equal(http_response(http)->body, "b", 2);
    assert_int_equal(world.opened, 1);
    http_destroy(http);
    assert_int_equal(world.closed, 1);
}

/* Without the look at tls_is_current() the second request goes over the first connection. */
static void leaves_a_tls_library_that_was_replaced_with_the_next_request(void **state)
{
    (void)state;
    struct http *http = client(true);
    script(0, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", STAYS_OPEN);
    script(1, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb", STAYS_OPEN);
    assert_status(get(http, "/1"), STATUS_OK);
    world.drained = true;
    assert_int_equal(world.closed, 0);
    assert_status(get(http, "/2"), STATUS_OK);
    assert_int_equal(world.opened, 2);
    assert_int_equal(world.closed, 1);
    http_destroy(http);
}

static void drops_a_connection_that_the_server_ends(void **state)
{
    (void)state;
    struct http *http = client(false);
    script(0, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na", ENDS);
    script(1, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb", STAYS_OPEN);
    assert_status(get(http, "/1"), STATUS_OK);
    assert_false(http_connected(http));
    assert_status(get(http, "/2"), STATUS_OK);
    assert_int_equal(world.opened, 2);
    http_destroy(http);
}

static void tries_again_when_a_kept_connection_has_ended(void **state)
{
    (void)state;
    struct http *http = client(false);
    script(0, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", STAYS_OPEN);
    script(1, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb", STAYS_OPEN);
    assert_status(get(http, "/1"), STATUS_OK);
    const struct http_request request = {.method = "GET", .path = "/2", .body_len_max = 10};
    assert_status(http_begin(http, &request), STATUS_OK);
    world.scripts[0].ending = RESETS; /* between the check and the use */
    enum status status = STATUS_AGAIN;
    for (unsigned i = 0; i < 100 && status == STATUS_AGAIN; i++)
        status = http_step(http);
    assert_status(status, STATUS_OK);
    assert_memory_equal(http_response(http)->body, "b", 2);
    assert_int_equal(world.opened, 2);
    http_destroy(http);
}

static void does_not_try_again_on_a_new_connection(void **state)
{
    (void)state;
    struct http *http = client(false);
    script(0, "", ENDS);
    assert_status(get(http, "/"), STATUS_IO);
    assert_int_equal(http_failure(http), HTTP_FAILURE_CLOSED);
    assert_string_equal(http_error(http), "the server closed the connection");
    assert_int_equal(world.opened, 1);
    assert_status(http_step(http), STATUS_IO);
    http_destroy(http);
}

static void keeps_what_came_before_the_cut(void **state)
{
    (void)state;
    struct http *http = client(false);
    script(0, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabcd", ENDS);
    assert_status(get(http, "/"), STATUS_IO);
    const struct http_response *response = http_response(http);
    assert_true(response->status == 200 && !response->complete && response->body_len == 4);
    assert_memory_equal(response->body, "abcd", 5);
    assert_int_equal(response->body_total, 10);
    script(
        1, "HTTP/1.1 206 Partial\r\nContent-Range: bytes 4-9/10\r\nContent-Length: 6\r\n\r\nefghij",
        STAYS_OPEN);
    const struct http_request rest = {
        .method = "GET", .path = "/", .range_first = 4, .body_len_max = 10};
    assert_status(run(http, &rest), STATUS_OK);
    assert_true(response->complete && response->body_offset == 4 &&
                response->body_total == 10);
    assert_memory_equal(response->body, "efghij", 7);
    http_destroy(http);
}

static void gives_the_body_piece_by_piece(void **state)
{
    (void)state;
    struct http *http = client(false);
    script(
        0, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n",
        STAYS_OPEN);
    world.piece = 1;
    const struct http_request request = {.method = "GET", .path = "/", .body_len_max = 6};
    char got[16] = "";
    size_t got_len = 0, len;
    assert_status(http_begin(http, &request), STATUS_OK);
    enum status status = STATUS_AGAIN;
    for (unsigned i = 0; i < 1000 && status == STATUS_AGAIN; i++) {
        status = http_step(http);
        uint8_t *piece = http_take_body(http, &len);
        if (piece != NULL)
            memcpy(got + got_len, piece, len);
        got_len += len;
        heap_free(piece);
    }
    assert_status(status, STATUS_OK);
    assert_int_equal(got_len, 6);
    assert_string_equal(got, "abcdef");
    http_destroy(http);
}

static void takes_an_answer_that_comes_before_all_was_sent(void **state)
{
    (void)state;
    static uint8_t body[4000];
    struct http *http = client(true);
    world.piece = 100;
    world.room = 1000;
    script(0, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno", STAYS_OPEN);
    const struct http_request request = {.method = "POST",
                                         .path = "/",
                                         .body = body,
                                         .body_len = sizeof body,
                                         .body_len_max = 10};
    assert_status(run(http, &request), STATUS_OK);
    assert_int_equal(http_response(http)->status, 413);
    assert_memory_equal(http_response(http)->body, "no", 3);
    assert_false(http_connected(http)); /* the rest of the body was not sent */
    fresh_world(NULL);
    world.piece = 100;
    script(0, "HTTP/1.1 503 Busy\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n", RESETS);
    assert_status(run(http, &request), STATUS_OK);
    assert_int_equal(http_response(http)->retry_after_s, 3);
    http_destroy(http);
}

static void assert_failure(const char *answer, enum http_failure failure,
                           uint64_t range_first)
{
    fresh_world(NULL);
    struct http *http = client(false);
    const struct http_request request = {
        .method = "GET", .path = "/", .range_first = range_first, .body_len_max = 10};
    script(0, answer, STAYS_OPEN);
    assert_status(run(http, &request), STATUS_IO);
    assert_int_equal(http_failure(http), failure);
    assert_true(http_error(http)[0] != 0);
    assert_false(http_connected(http));
    http_destroy(http);
}

static void refuses_answers_that_do_not_fit_the_question(void **state)
{
    (void)state;
    assert_failure("HTTP/1.1 206 P\r\nContent-Length: 2\r\n\r\nab", HTTP_FAILURE_PROTOCOL,
                   5);
    assert_failure(
        "HTTP/1.1 206 P\r\nContent-Range: bytes 4-5/9\r\nContent-Length: 2\r\n\r\nab",
        HTTP_FAILURE_PROTOCOL, 5);
    assert_failure(
        "HTTP/1.1 206 P\r\nContent-Range: bytes 5-8/9\r\nContent-Length: 2\r\n\r\nab",
        HTTP_FAILURE_PROTOCOL, 5);
    assert_failure(
        "HTTP/1.1 206 P\r\nContent-Range: bytes 0-1/9\r\nContent-Length: 2\r\n\r\nab",
        HTTP_FAILURE_PROTOCOL, 0);
    assert_failure(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nab",
        HTTP_FAILURE_PROTOCOL, 0);
    assert_failure("SSH-2.0-OpenSSH_9.2\r\n", HTTP_FAILURE_PROTOCOL, 0);
    assert_failure("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n", HTTP_FAILURE_TOO_LONG,
                   0);
    assert_failure(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n",
        HTTP_FAILURE_TOO_LONG, 0);
}

static void drops_a_connection_with_bytes_behind_the_answer(void **state)
{
    (void)state;
    struct http *http = client(false);
    script(0, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\n",
           STAYS_OPEN);
    assert_status(get(http, "/"), STATUS_OK);
    assert_false(http_connected(http));
    http_destroy(http);
}

static void assert_handshake(enum status handshake, enum http_failure failure)
{
    fresh_world(NULL);
    struct http *http = client(true);
    world.scripts[0].handshake = handshake;
    assert_status(get(http, "/"), STATUS_IO);
    assert_int_equal(http_failure(http), failure);
    assert_string_equal(http_error(http), "the handshake failed");
    assert_int_equal(world.sent_len, 0);
    http_destroy(http);
    assert_int_equal(world.closed, 1);
}

static void tells_why_there_is_no_session(void **state)
{
    (void)state;
    assert_handshake(STATUS_DENIED, HTTP_FAILURE_CERTIFICATE);
    assert_handshake(STATUS_UNSUPPORTED, HTTP_FAILURE_RANDOM);
    assert_handshake(STATUS_IO, HTTP_FAILURE_TLS);
    assert_handshake(STATUS_INVALID, HTTP_FAILURE_TLS);
    assert_handshake(STATUS_FULL, HTTP_FAILURE_MEMORY);
}

static void tells_why_there_is_no_connection(void **state)
{
    (void)state;
    struct http *http = client(true);
    script(0, "", REFUSES);
    assert_status(get(http, "/"), STATUS_IO);
    assert_int_equal(http_failure(http), HTTP_FAILURE_CONNECT);
    assert_string_equal(http_error(http), "connection refused");
    http_destroy(http);
}

static void starts_afresh_after_cancel_and_failure(void **state)
{
    (void)state;
    struct http *http = client(false);
    script(0, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", STAYS_OPEN);
    script(1, "nonsense\r\n", STAYS_OPEN);
    script(2, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", STAYS_OPEN);
    assert_status(get(http, "/"), STATUS_AGAIN);
    http_cancel(http);
    assert_false(http_connected(http));
    assert_status(http_step(http), STATUS_INVALID);
    assert_status(get(http, "/"), STATUS_IO);
    assert_status(get(http, "/"), STATUS_OK);
    assert_string_equal(http_error(http), "");
    assert_int_equal(world.opened, 3);
    http_destroy(http);
}

/* Sanitizers watch what is left behind. */
static void fails_cleanly_when_memory_runs_out(void **state)
{
    for (unsigned k = 1; k < 8; k++) {
        fresh_world(state);
        const struct http_options options = {.host = "10.0.2.2", .port = 8080};
        const struct http_request request = {
            .method = "GET", .path = "/", .body_len_max = 100};
        struct http *http = NULL;
        script(0, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", STAYS_OPEN);
        world.fail_in = k;
        if (http_create(&options, NULL, &http) == STATUS_OK &&
            http_begin(http, &request) == STATUS_OK) {
            enum status status = http_step(http);
            assert_true(status == STATUS_OK || http_failure(http) == HTTP_FAILURE_MEMORY);
        }
        http_destroy(http);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(sends_what_it_should, fresh_world),
        cmocka_unit_test_setup(sends_a_body, fresh_world),
        cmocka_unit_test_setup(refuses_requests_that_could_be_read_as_two, fresh_world),
        cmocka_unit_test_setup(keeps_the_connection, fresh_world),
        cmocka_unit_test_setup(
            leaves_a_tls_library_that_was_replaced_with_the_next_request, fresh_world),
        cmocka_unit_test_setup(drops_a_connection_that_the_server_ends, fresh_world),
        cmocka_unit_test_setup(tries_again_when_a_kept_connection_has_ended, fresh_world),
        cmocka_unit_test_setup(does_not_try_again_on_a_new_connection, fresh_world),
        cmocka_unit_test_setup(keeps_what_came_before_the_cut, fresh_world),
        cmocka_unit_test_setup(gives_the_body_piece_by_piece, fresh_world),
        cmocka_unit_test_setup(takes_an_answer_that_comes_before_all_was_sent, fresh_world),
        cmocka_unit_test_setup(refuses_answers_that_do_not_fit_the_question, fresh_world),
        cmocka_unit_test_setup(drops_a_connection_with_bytes_behind_the_answer,
                               fresh_world),
        cmocka_unit_test_setup(tells_why_there_is_no_session, fresh_world),
        cmocka_unit_test_setup(tells_why_there_is_no_connection, fresh_world),
        cmocka_unit_test_setup(starts_afresh_after_cancel_and_failure, fresh_world),
        cmocka_unit_test_setup(fails_cleanly_when_memory_runs_out, fresh_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
