/* Composes the text of a request. */
/* SPDX-License-Identifier: MIT */
#include "http_private.h"

#include <lib/format/format.h>
#include <mm/heap/heap.h>
#include <string.h>

/* Room for everything in a head but path and host. */
enum { HEAD_FIXED_MAX = 512, TYPE_LEN_MAX = 100 };

/* Only visible ASCII: nothing that ends a line or separates words. */
static bool is_visible(const char *text, size_t len_max)
{
    size_t len = 0;
    for (; text[len] != 0; len++)
        if (text[len] <= ' ' || text[len] > '~' || len == len_max)
            return false;
    return len > 0;
}

static bool request_sound(const struct http_request *request)
{
    bool method =
        strcmp(request->method, "GET") == 0 || strcmp(request->method, "POST") == 0;
    return method && request->path[0] == '/' &&
           is_visible(request->path, HTTP_PATH_LEN_MAX) &&
           (request->content_type == NULL ||
            is_visible(request->content_type, TYPE_LEN_MAX)) &&
           (request->body != NULL || request->body_len == 0);
}

/* Length of the head written to OUT; a head that does not fit gives CAP or more. */
static size_t compose_head(const struct http *http, const struct http_request *request,
                           char *out, size_t cap)
{
    const char *type =
        request->content_type != NULL ? request->content_type : "application/json";
    bool usual_port = http->port == (http->secure ? 443 : 80);
    char port[8] = "", range[48] = "", entity[TYPE_LEN_MAX + 64] = "";
    if (!usual_port)
        format_text(port, sizeof port, ":%u", http->port);
    if (request->range_first > 0)
        format_text(range, sizeof range, "Range: bytes=%llu-\r\n",
                    (unsigned long long)request->range_first);
    if (strcmp(request->method, "POST") == 0)
        format_text(entity, sizeof entity, "Content-Type: %s\r\nContent-Length: %zu\r\n",
                    type, request->body_len);
    return format_text(out, cap,
                       "%s %s HTTP/1.1\r\nHost: %s%s\r\nUser-Agent: neurath\r\n"
                       "Accept: */*\r\n%s%s\r\n",
                       request->method, request->path, http->host_header, port, range,
                       entity);
}

enum status http_compose(struct http *http, const struct http_request *request)
{
    if (!request_sound(request))
        return STATUS_INVALID;
    size_t head_cap = HEAD_FIXED_MAX + strlen(request->path) + strlen(http->host_header);
    uint8_t *text = heap_bytes(head_cap + request->body_len);
    if (text == NULL)
        return STATUS_FULL;
    size_t head_len = compose_head(http, request, (char *)text, head_cap);
    if (request->body_len > 0)
        memcpy(text + head_len, request->body, request->body_len);
    heap_free(http->request);
    http->request = text;
    http->request_len = head_len + request->body_len;
    http->request_sent = 0;
    return STATUS_OK;
}
