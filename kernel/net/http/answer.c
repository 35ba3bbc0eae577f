/* Judges an answer's head against the request, and gathers its body. */
/* SPDX-License-Identifier: MIT */
#include "http_private.h"

#include <mm/heap/heap.h>
#include <string.h>

enum { BODY_CAP_FIRST = 4096 };

static const char *range_reason(const struct http *http)
{
    const struct http_parser *parser = &http->parser;
    if (parser->status != 206)
        return NULL;
    if (!parser->has_range)
        return "a partial answer without a range";
    if (http->range_first == 0 || parser->range_first != http->range_first)
        return "another range than the one asked for";
    if (parser->has_length &&
        parser->length != parser->range_last - parser->range_first + 1)
        return "a range that does not fit its length";
    return NULL;
}

bool http_accept_head(struct http *http)
{
    const struct http_parser *parser = &http->parser;
    struct http_response *response = &http->response;
    const char *reason = range_reason(http);
    if (reason != NULL) {
        http_fail(http, HTTP_FAILURE_PROTOCOL, reason);
        return false;
    }
    response->status = parser->status;
    response->retry_after_s = parser->retry_after_s;
    memcpy(response->content_type, parser->content_type, sizeof response->content_type);
    response->body_total = parser->has_length ? parser->length : UINT64_MAX;
    if (parser->status == 206) {
        response->body_offset = parser->range_first;
        response->body_total = parser->range_total;
    }
    if (parser->has_length && parser->length > http->body_len_max) {
        http_fail(http, HTTP_FAILURE_TOO_LONG, "the answer is longer than allowed");
        return false;
    }
    return true;
}

/* Makes room for LEN more bytes and the zero. */
static bool body_reserve(struct http *http, size_t len)
{
    struct http_response *response = &http->response;
    size_t needed = response->body_len + len, cap = http->body_cap;
    if (http->body != NULL && needed <= cap)
        return true;
    if (cap < BODY_CAP_FIRST)
        cap = BODY_CAP_FIRST;
    while (cap < needed)
        cap *= 2;
    uint8_t *body = heap_grow_bytes(http->body, cap + 1);
    if (body == NULL)
        return false;
    http->body = body;
    http->body_cap = cap;
    return true;
}

bool http_accept_body(struct http *http, const uint8_t *data, size_t len)
{
    struct http_response *response = &http->response;
    if (len > http->body_len_max - http->body_received) {
        http_fail(http, HTTP_FAILURE_TOO_LONG, "the answer is longer than allowed");
        return false;
    }
    if (!body_reserve(http, len)) {
        http_fail(http, HTTP_FAILURE_MEMORY, "no memory for the answer");
        return false;
    }
    memcpy(http->body + response->body_len, data, len);
    response->body_len += len;
    http->body[response->body_len] = 0;
    http->body_received += len;
    response->body = http->body;
    return true;
}
