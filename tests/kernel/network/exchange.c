/* Cases about plain HTTP. */
/* SPDX-License-Identifier: MIT */
#include "network_private.h"

#include <lib/format/format.h>
#include <mm/heap/heap.h>
#include <string.h>

enum { LARGE = 8 * 1024 * 1024 };

void a_body_is_fetched(void)
{
    struct http *http = network_client(NULL);
    KTEST_CHECK(network_get(http, "/bytes/1000", 0, 1000) == STATUS_OK);
    const struct http_response *response = http_response(http);
    KTEST_CHECK(response->status == 200 && response->complete);
    KTEST_CHECK(response->body_total == 1000 && response->body_offset == 0);
    KTEST_CHECK(network_body_is_pattern(http, 0, 1000));
    KTEST_CHECK(network_get(http, "/bytes/0", 0, 0) == STATUS_OK);
    KTEST_CHECK(http_response(http)->complete && http_response(http)->body_len == 0);
    http_destroy(http);
}

void a_connection_is_kept(void)
{
    struct http *http = network_client(NULL);
    for (unsigned i = 1; i <= 3; i++) {
        char number[8];
        format_text(number, sizeof number, "%u", i);
        KTEST_CHECK(network_get(http, "/count", 0, 100) == STATUS_OK);
        KTEST_CHECK(network_body_is_text(http, number));
        KTEST_CHECK(strcmp(http_response(http)->content_type, "text/plain") == 0);
        KTEST_CHECK(http_connected(http));
    }
    http_destroy(http);
}

void a_range_is_fetched(void)
{
    struct http *http = network_client(NULL);
    KTEST_CHECK(network_get(http, "/bytes/100000", 60000, 100000) == STATUS_OK);
    const struct http_response *response = http_response(http);
    KTEST_CHECK(response->status == 206);
    KTEST_CHECK(response->body_offset == 60000 && response->body_total == 100000);
    KTEST_CHECK(network_body_is_pattern(http, 60000, 40000));
    KTEST_CHECK(network_get(http, "/bytes/100000", 100000, 1000) == STATUS_OK);
    KTEST_CHECK(http_response(http)->status == 416);
    http_destroy(http);
}

void a_large_body_arrives_unaltered(void)
{
    struct http *http = network_client(NULL);
    char path[32];
    format_text(path, sizeof path, "/bytes/%u", LARGE);
    KTEST_CHECK(network_get(http, path, 0, LARGE) == STATUS_OK);
    KTEST_CHECK(network_body_is_pattern(http, 0, LARGE));
    http_destroy(http);
}

void a_chunked_body_is_fetched(void)
{
    struct http *http = network_client(NULL);
    KTEST_CHECK(network_get(http, "/chunked/300000", 0, 300000) == STATUS_OK);
    KTEST_CHECK(http_response(http)->body_total == UINT64_MAX);
    KTEST_CHECK(network_body_is_pattern(http, 0, 300000));
    http_destroy(http);
}

void a_cut_download_is_resumed(void)
{
    struct http *http = network_client(NULL);
    KTEST_CHECK(network_get(http, "/cut/200000/90000", 0, 200000) == STATUS_IO);
    KTEST_CHECK(http_failure(http) == HTTP_FAILURE_CLOSED);
    size_t first = http_response(http)->body_len;
    KTEST_CHECK(first > 0 && first <= 90000 && !http_response(http)->complete);
    KTEST_CHECK(network_body_is_pattern(http, 0, first));
    KTEST_CHECK(network_get(http, "/cut/200000/90000", first, 200000) == STATUS_OK);
    KTEST_CHECK(http_response(http)->status == 206);
    KTEST_CHECK(network_body_is_pattern(http, first, 200000 - first));
    http_destroy(http);
}

void an_endless_body_is_stopped(void)
{
    struct http *http = network_client(NULL);
    KTEST_CHECK(network_get(http, "/endless", 0, 100000) == STATUS_IO);
    KTEST_CHECK(http_failure(http) == HTTP_FAILURE_TOO_LONG);
    KTEST_CHECK(http_response(http)->body_len <= 100000);
    KTEST_CHECK(!http_connected(http));
    KTEST_CHECK(network_get(http, "/bytes/1001", 0, 1000) == STATUS_IO);
    KTEST_CHECK(http_failure(http) == HTTP_FAILURE_TOO_LONG);
    KTEST_CHECK(http_response(http)->body_len == 0);
    http_destroy(http);
}

void a_large_body_is_posted(void)
{
    enum { LEN = 1024 * 1024 };
    struct http *http = network_client(NULL);
    uint8_t *body = heap_alloc(LEN);
    char expected[64];
    uint64_t sum = 0;
    for (size_t i = 0; body != NULL && i < LEN; i++) {
        body[i] = pattern_byte(i);
        sum = sum * 31 + body[i];
    }
    struct http_request request = {.method = "POST",
                                   .path = "/sum",
                                   .body = body,
                                   .body_len = LEN,
                                   .body_len_max = 100};
    KTEST_CHECK(body != NULL && http_begin(http, &request) == STATUS_OK);
    KTEST_CHECK(network_finish(http, WAIT_S) == STATUS_OK);
    format_text(expected, sizeof expected, "%u %llu", LEN, (unsigned long long)sum);
    KTEST_CHECK(network_body_is_text(http, expected));
    heap_free(body);
    http_destroy(http);
}

void statuses_are_told(void)
{
    struct http *http = network_client(NULL);
    KTEST_CHECK(network_get(http, "/status/503", 0, 1000) == STATUS_OK);
    KTEST_CHECK(http_response(http)->status == 503 &&
                http_response(http)->retry_after_s == 7);
    KTEST_CHECK(network_get(http, "/status/302", 0, 1000) == STATUS_OK);
    KTEST_CHECK(http_response(http)->status == 302);
    KTEST_CHECK(network_get(http, "/nothing", 0, 1000) == STATUS_OK);
    KTEST_CHECK(http_response(http)->status == 404);
    http_destroy(http);
}

void nobody_listening_is_told(void)
{
    struct http_options options = {.host = SERVER_ADDRESS, .port = 1};
    struct http *http = NULL;
    KTEST_CHECK(http_create(&options, NULL, &http) == STATUS_OK);
    KTEST_CHECK(network_get(http, "/", 0, 100) == STATUS_IO);
    KTEST_CHECK(http_failure(http) == HTTP_FAILURE_CONNECT);
    KTEST_CHECK(strcmp(http_error(http), "connection refused") == 0);
    http_destroy(http);
}

void a_silent_server_is_given_up(void)
{
    struct http *http = network_client(NULL);
    struct http_request request = {.method = "GET", .path = "/silent", .body_len_max = 100};
    uint64_t sent, received;
    KTEST_CHECK(http_begin(http, &request) == STATUS_OK);
    KTEST_CHECK(network_finish(http, 1) == STATUS_TIMEOUT);
    http_progress(http, &sent, &received);
    KTEST_CHECK(sent > 0 && received == 0);
    http_cancel(http);
    KTEST_CHECK(!http_connected(http));
    KTEST_CHECK(network_get(http, "/count", 0, 100) == STATUS_OK);
    http_destroy(http);
}
