/* The response parser: good answers whole and byte by byte, and everything that it refuses. */
/* SPDX-License-Identifier: MIT */
#include <net/http/parser.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct outcome {
    enum http_parse result; /* DONE, BAD, or MORE: it wants more */
    bool head;
    size_t used;
    char body[4096];
    size_t body_len;
    struct http_parser parser;
};

/* Feeds TEXT in pieces of STEP bytes. */
static struct outcome *parse(const char *text, size_t len, size_t step)
{
    static struct outcome outcome;
    memset(&outcome, 0, sizeof outcome);
    http_parser_init(&outcome.parser);
    size_t given = 0;
    for (;;) {
        const uint8_t *body;
        size_t used, body_len;
        size_t piece = len - given < step ? len - given : step;
        outcome.result = http_parser_feed(&outcome.parser, (const uint8_t *)text + given,
                                          piece, &used, &body, &body_len);
        assert_in_range(used, 0, piece);
        given += used;
        outcome.used = given;
        if (outcome.result == HTTP_PARSE_HEAD) {
            assert_false(outcome.head);
            outcome.head = true;
        } else if (outcome.result == HTTP_PARSE_BODY) {
            assert_true(outcome.head && body_len > 0);
            assert_in_range(outcome.body_len + body_len, 0, sizeof outcome.body);
            memcpy(outcome.body + outcome.body_len, body, body_len);
            outcome.body_len += body_len;
        } else if (outcome.result == HTTP_PARSE_MORE && given < len) {
            continue;
        } else {
            return &outcome;
        }
    }
}

/* The same must come out whatever the pieces are. */
static struct outcome *assert_parses(const char *text, const char *body)
{
    size_t len = strlen(text);
    struct outcome *outcome = NULL;
    for (size_t step = len; step > 0; step = step > 7 ? step / 2 : step - 1) {
        outcome = parse(text, len, step);
        assert_int_equal(outcome->result, HTTP_PARSE_DONE);
        assert_int_equal(outcome->used, len);
        assert_int_equal(outcome->body_len, strlen(body));
        assert_memory_equal(outcome->body, body, outcome->body_len);
    }
    return outcome;
}

static void assert_refuses(const char *text, const char *error)
{
    for (size_t step = 1; step <= strlen(text); step += 3) {
        struct outcome *outcome = parse(text, strlen(text), step);
        assert_int_equal(outcome->result, HTTP_PARSE_BAD);
        assert_string_equal(outcome->parser.error, error);
    }
}

static void reads_an_answer_with_a_length(void **state)
{
    (void)state;
    struct outcome *outcome = assert_parses(
        "HTTP/1.1 200 OK\r\nContent-Type: Application/JSON; charset=utf-8\r\n"
        "Content-Length: 5\r\n\r\nhello",
        "hello");
    assert_int_equal(outcome->parser.status, 200);
    assert_string_equal(outcome->parser.content_type, "application/json");
    assert_true(outcome->parser.keep_alive && outcome->parser.has_length);
    assert_int_equal(outcome->parser.length, 5);
}

static void reads_a_chunked_answer(void **state)
{
    (void)state;
    struct outcome *outcome =
        assert_parses("HTTP/1.1 200 OK\r\nTransfer-Encoding: "
                      "Chunked\r\n\r\n5\r\nhello\r\n00B\r\n, my world.\r\n0\r\n\r\n",
                      "hello, my world.");
    assert_false(outcome->parser.has_length);
}

static void forgets_trailers(void **state)
{
    (void)state;
    assert_parses("HTTP/1.1 200 OK\r\nTransfer-Encoding: "
                  "chunked\r\n\r\n1\r\nx\r\n0\r\nContent-Length: 7\r\nA: b\r\n\r\n",
                  "x");
}

static void skips_interim_answers(void **state)
{
    (void)state;
    struct outcome *outcome =
        assert_parses("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: "
                      "x\r\n\r\nHTTP/1.1 404 \r\nContent-Length:0\r\n\r\n",
                      "");
    assert_int_equal(outcome->parser.status, 404);
}

static void knows_answers_without_a_body(void **state)
{
    (void)state;
    assert_parses("HTTP/1.1 204 No Content\r\n\r\n", "");
    assert_parses("HTTP/1.1 304 Not Modified\r\nContent-Length: 900\r\n\r\n", "");
    assert_parses("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "");
}

static void reads_a_range(void **state)
{
    (void)state;
    struct outcome *outcome =
        assert_parses("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes "
                      "10-14/100\r\nContent-Length: 5\r\n\r\nabcde",
                      "abcde");
    assert_true(outcome->parser.has_range);
    assert_int_equal(outcome->parser.range_first, 10);
    assert_int_equal(outcome->parser.range_last, 14);
    assert_int_equal(outcome->parser.range_total, 100);
    outcome = assert_parses(
        "HTTP/1.1 206 P\r\nContent-Range: BYTES 0-0/*\r\nContent-Length: 1\r\n\r\na", "a");
    assert_true(outcome->parser.range_total == UINT64_MAX);
    outcome = assert_parses(
        "HTTP/1.1 416 Range\r\nContent-Range: bytes */9\r\nContent-Length: 0\r\n\r\n", "");
    assert_false(outcome->parser.has_range);
}

static void reads_when_to_try_again(void **state)
{
    (void)state;
    assert_int_equal(
        assert_parses(
            "HTTP/1.1 503 Busy\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n", "")
            ->parser.retry_after_s,
        120);
    assert_int_equal(
        assert_parses(
            "HTTP/1.1 429 Slow\r\nRetry-After: 99999999\r\nContent-Length: 0\r\n\r\n", "")
            ->parser.retry_after_s,
        86400);
    assert_int_equal(assert_parses("HTTP/1.1 503 Busy\r\nRetry-After: Fri, 31 Dec 1999 "
                                   "23:59:59 GMT\r\nContent-Length: 0\r\n\r\n",
                                   "")
                         ->parser.retry_after_s,
                     0);
}

static void hears_that_the_connection_ends(void **state)
{
    (void)state;
    assert_false(
        assert_parses(
            "HTTP/1.1 200 OK\r\nConnection: foo , Close\r\nContent-Length: 0\r\n\r\n", "")
            ->parser.keep_alive);
    assert_true(
        assert_parses(
            "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", "")
            ->parser.keep_alive);
}

static void stops_behind_the_answer(void **state)
{
    (void)state;
    const char text[] =
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n";
    struct outcome *outcome = parse(text, strlen(text), strlen(text));
    assert_int_equal(outcome->result, HTTP_PARSE_DONE);
    assert_int_equal(outcome->used, 39);
}

static void wants_more_at_every_cut(void **state)
{
    (void)state;
    const char text[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
                        "chunked\r\n\r\n5\r\nhello\r\n0\r\nT: r\r\n\r\n";
    for (size_t len = 0; len < strlen(text); len++)
        assert_int_equal(parse(text, len, len > 0 ? len : 1)->result, HTTP_PARSE_MORE);
}

static void refuses_lines_that_do_not_end_as_they_should(void **state)
{
    (void)state;
    assert_refuses("HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", "a bare line feed");
    assert_refuses("HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n", "a bare carriage return");
    assert_refuses("HTTP/1.1 200 OK\r\nA: b\r\r\n\r\n", "a bare carriage return");
    assert_refuses("\r\nHTTP/1.1 200 OK\r\n", "not an HTTP/1.1 answer");
}

static void refuses_other_protocols(void **state)
{
    (void)state;
    assert_refuses("HTTP/1.0 200 OK\r\n\r\n", "not an HTTP/1.1 answer");
    assert_refuses("HTTP/2 200 and more\r\n\r\n", "not an HTTP/1.1 answer");
    assert_refuses("ICY 200 OK now\r\n\r\n", "not an HTTP/1.1 answer");
    assert_refuses("http/1.1 200 OK\r\n\r\n", "not an HTTP/1.1 answer");
    assert_refuses("HTTP/1.1 2x0 OK\r\n\r\n", "unclean status");
    assert_refuses("HTTP/1.1 600 OK\r\n\r\n", "unclean status");
    assert_refuses("HTTP/1.1 099 OK\r\n\r\n", "unclean status");
    assert_refuses("HTTP/1.1 2000 OK\r\n\r\n", "unclean status");
    assert_refuses("HTTP/1.1 101 Switching\r\n\r\n", "unclean status");
}

static void refuses_unclean_fields(void **state)
{
    (void)state;
    assert_refuses("HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "unclean field name");
    assert_refuses("HTTP/1.1 200 OK\r\n: b\r\n\r\n", "unclean field name");
    assert_refuses("HTTP/1.1 200 OK\r\nA\r\n\r\n", "unclean field name");
    assert_refuses("HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n", "unclean field name");
    assert_refuses("HTTP/1.1 200 OK\r\nA: b\x01\r\n\r\n", "control character in a field");
    assert_refuses("HTTP/1.1 200 OK\r\nA: b\x7f\r\n\r\n", "control character in a field");
    assert_refuses("HTTP/1.1 200 \x1b[2J\r\n\r\n",
                   "control character in the status line");
}

static void refuses_doubt_about_the_length(void **state)
{
    (void)state;
    static const char *const lengths[] = {"-1",
                                          "+1",
                                          "1a",
                                          "",
                                          "0x10",
                                          "1,1",
                                          "1 1",
                                          "18446744073709551616",
                                          "9999999999999999999"};
    char text[200];
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n",
                 lengths[i]);
        assert_refuses(text, "unclean Content-Length");
    }
    assert_refuses("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
                   "unclean Content-Length");
    assert_refuses(
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx",
        "both Content-Length and Transfer-Encoding");
    assert_refuses("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
                   "unknown Transfer-Encoding");
    assert_refuses("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
                   "chunked\r\n\r\n",
                   "unknown Transfer-Encoding");
    assert_refuses(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx",
        "Content-Encoding was not asked for");
    assert_refuses("HTTP/1.1 200 OK\r\n\r\nx", "a body without a length");
}

static void refuses_unclean_chunks(void **state)
{
    (void)state;
    static const char head[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    static const char *const sizes[] = {
        "\r\n",   "g\r\n",  "-1\r\n",  "1;a=b\r\n",
        " 1\r\n", "1 \r\n", "0x1\r\n", "1234567890abcdef\r\n"};
    char text[200];
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        snprintf(text, sizeof text, "%s%s", head, sizes[i]);
        assert_refuses(text, "unclean chunk size");
    }
    snprintf(text, sizeof text, "%s1\r\nxy\r\n", head);
    assert_int_equal(parse(text, strlen(text), 1)->result, HTTP_PARSE_BAD);
    snprintf(text, sizeof text, "%s2\r\nxyz\r\n", head);
    assert_refuses(text, "a chunk longer than its size");
}

static void refuses_unclean_ranges(void **state)
{
    (void)state;
    static const char *const ranges[] = {
        "bytes 5-4/10", "bytes 0-10/10", "bytes 1-2", "bytes -2/10",
        "items 1-2/10", "bytes 1-2/x",   "bytes",     ""};
    char text[200];
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        snprintf(text, sizeof text, "HTTP/1.1 206 P\r\nContent-Range: %s\r\n\r\n",
                 ranges[i]);
        assert_refuses(text, "unclean Content-Range");
    }
}

static void stops_at_its_limits(void **state)
{
    (void)state;
    static char text[2 * HTTP_PARSER_HEAD_MAX];
    strcpy(text, "HTTP/1.1 200 OK\r\nA: ");
    memset(text + strlen(text), 'x', HTTP_PARSER_HEAD_MAX);
    assert_int_equal(parse(text, strlen(text), 1000)->result, HTTP_PARSE_BAD);
    strcpy(text, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i <= HTTP_PARSER_FIELDS_MAX; i++)
        strcat(text, "A: b\r\n");
    assert_refuses(text, "too many fields");
    text[0] = 0;
    for (int i = 0; i <= HTTP_PARSER_INTERIM_MAX; i++)
        strcat(text, "HTTP/1.1 100 Continue\r\n\r\n");
    assert_refuses(text, "too many interim answers");
    strcpy(text, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n");
    for (int i = 0; i <= HTTP_PARSER_FIELDS_MAX; i++)
        strcat(text, "A: b\r\n");
    assert_refuses(text, "too many fields");
}

static void stays_refused(void **state)
{
    (void)state;
    static struct http_parser parser;
    const uint8_t *body;
    size_t used, body_len;
    http_parser_init(&parser);
    assert_int_equal(
        http_parser_feed(&parser, (const uint8_t *)"\n", 1, &used, &body, &body_len),
        HTTP_PARSE_BAD);
    assert_int_equal(
        http_parser_feed(&parser, (const uint8_t *)"H", 1, &used, &body, &body_len),
        HTTP_PARSE_BAD);
    assert_int_equal(used, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_an_answer_with_a_length),
        cmocka_unit_test(reads_a_chunked_answer),
        cmocka_unit_test(forgets_trailers),
        cmocka_unit_test(skips_interim_answers),
        cmocka_unit_test(knows_answers_without_a_body),
        cmocka_unit_test(reads_a_range),
        cmocka_unit_test(reads_when_to_try_again),
        cmocka_unit_test(hears_that_the_connection_ends),
        cmocka_unit_test(stops_behind_the_answer),
        cmocka_unit_test(wants_more_at_every_cut),
        cmocka_unit_test(refuses_lines_that_do_not_end_as_they_should),
        cmocka_unit_test(refuses_other_protocols),
        cmocka_unit_test(refuses_unclean_fields),
        cmocka_unit_test(refuses_doubt_about_the_length),
        cmocka_unit_test(refuses_unclean_chunks),
        cmocka_unit_test(refuses_unclean_ranges),
        cmocka_unit_test(stops_at_its_limits),
        cmocka_unit_test(stays_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
