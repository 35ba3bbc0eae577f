/* One request and its answer: caps, deadline, minimum rate, resumption.
 * SPDX-License-Identifier: MIT
 *
 * A server is trusted with nothing here: lengths that it announces are limits it must keep, never sizes to allocate
 * beyond the caller's cap; an answer that trickles is given up; redirects and content codings are refused.
 */
#include "private.h"

#include <lib/base/memory.h>
#include <string.h>

#define WINDOW_NS (10 * SECOND)
enum { WINDOW_BYTES_MIN = 10 * 1024, PIECES_PER_STEP = 64 };

static const char *net_error_code(enum client_net_error error)
{
    switch (error) {
    case CLIENT_NET_CONNECT: return "connect";
    case CLIENT_NET_TLS: return "tls";
    case CLIENT_NET_CERTIFICATE: return "certificate";
    case CLIENT_NET_PROTOCOL: return "protocol";
    case CLIENT_NET_RANDOM: return "random";
    case CLIENT_NET_CLOSED:
    case CLIENT_NET_NONE: break;
    }
    return "closed";
}

static void fail(struct client *client, struct exchange *exchange, const char *code)
{
    client->ports.transport.cancel(client->ports.transport.context, exchange->channel);
    exchange->state = EXCHANGE_FAILED;
    exchange->failure = code;
    client->progress = true;
}

/* The body is more than it may be. Of an error only the status counts; its body is not read. */
static void too_large(struct client *client, struct exchange *exchange)
{
    bool success = exchange->head.status >= 200 && exchange->head.status < 300;
    fail(client, exchange, "too_large");
    if (!success)
        exchange->state = EXCHANGE_DONE;
}

void client_exchange_end(struct client *client, struct exchange *exchange)
{
    enum client_channel channel = exchange->channel;
    if (exchange->state == EXCHANGE_RUNNING)
        client->ports.transport.cancel(client->ports.transport.context, channel);
    free(exchange->body);
    free(exchange->request);
    *exchange = (struct exchange){.channel = channel};
}

uint8_t *client_exchange_take_body(struct exchange *exchange, size_t *out_len)
{
    uint8_t *body = exchange->body;
    *out_len = exchange->len;
    exchange->body = NULL;
    exchange->len = exchange->capacity = 0;
    return body;
}

void client_exchange_start(struct client *client, struct exchange *exchange,
                           const struct exchange_options *options)
{
    struct client_transport *transport = &client->ports.transport;
    client_exchange_end(client, exchange);
    exchange->state = EXCHANGE_RUNNING;
    exchange->head =
        (struct client_head){.length = -1, .range_from = -1, .range_total = -1};
    exchange->body_max = options->body_max;
    exchange->body = options->resume;
    exchange->len = exchange->resumed = options->resume ? options->resume_len : 0;
    exchange->capacity = options->resume ? options->body_max : 0;
    exchange->request = (uint8_t *)options->body;
    exchange->paced = options->paced;
    exchange->started_ns = exchange->window_ns = client->now_ns;
    exchange->deadline_ns = client->now_ns + options->timeout_ns;
    const struct client_request request = {
        .method = options->method,
        .path = options->path,
        .body = exchange->request,
        .body_len = options->body ? strlen(options->body) : 0,
        .mutual = options->mutual,
        .range_from = exchange->resumed,
    };
    if (!transport->start(transport->context, exchange->channel, &request))
        fail(client, exchange, "connect");
}

static bool is_success(const struct exchange *exchange)
{
    return exchange->head.status >= 200 && exchange->head.status < 300;
}

static size_t body_limit(const struct exchange *exchange)
{
    return is_success(exchange) ? exchange->body_max : ERROR_BODY_MAX;
}

static void take_head(struct client *client, struct exchange *exchange,
                      const struct client_head *head)
{
    exchange->head = *head;
    exchange->has_head = true;
    if (head->status >= 300 && head->status < 400)
        fail(client, exchange, head->status == 304 ? "http_304" : "redirect");
    else if (head->encoded)
        fail(client, exchange, "encoded");
    else if (head->status == 206 &&
             (exchange->resumed == 0 || head->range_from != (int64_t)exchange->resumed ||
              head->range_total != (int64_t)exchange->body_max))
        fail(client, exchange, "range");
    else if (head->status != 206)
        exchange->len = exchange->resumed = 0;
    if (exchange->state == EXCHANGE_RUNNING && head->length >= 0 &&
        (uint64_t)head->length > body_limit(exchange) - exchange->len)
        too_large(client, exchange);
}

static bool grow(struct exchange *exchange, size_t needed, size_t limit)
{
    size_t capacity = exchange->capacity ? exchange->capacity : 4096;
    if (needed <= exchange->capacity)
        return true;
    while (capacity < needed)
        capacity *= 2;
    if (exchange->head.length > 0 && (uint64_t)exchange->head.length <= limit &&
        capacity < exchange->resumed + (size_t)exchange->head.length)
        capacity = exchange->resumed + (size_t)exchange->head.length;
    uint8_t *body = memory_grow_bytes(exchange->body, capacity);
    if (!body)
        return false;
    exchange->body = body;
    exchange->capacity = capacity;
    return true;
}

static void take_body(struct client *client, struct exchange *exchange,
                      const uint8_t *data, size_t len)
{
    size_t limit = body_limit(exchange);
    if (!exchange->has_head) {
        fail(client, exchange, "protocol");
        return;
    }
    if (len > limit - exchange->len) {
        too_large(client, exchange);
        return;
    }
    if (len == 0)
        return;
    if (!grow(exchange, exchange->len + len, limit)) {
        fail(client, exchange, "no_memory");
        return;
    }
    memcpy(exchange->body + exchange->len, data, len);
    exchange->len += len;
    exchange->window_len += len;
}

static void take_end(struct client *client, struct exchange *exchange)
{
    size_t got = exchange->len - exchange->resumed;
    if (!exchange->has_head) {
        fail(client, exchange, "protocol");
        return;
    }
    if (exchange->head.length >= 0 && (uint64_t)exchange->head.length != got) {
        fail(client, exchange, "short");
        return;
    }
    exchange->state = EXCHANGE_DONE;
    client->progress = true;
}

/* Gives up what takes too long or trickles. A window with too few bytes ends it; so a byte now and then does not keep
 * it alive. */
static void judge_pace(struct client *client, struct exchange *exchange)
{
    uint64_t now = client->now_ns;
    if (now >= exchange->deadline_ns) {
        fail(client, exchange, "timeout");
        return;
    }
    client_wake_at(client, exchange->deadline_ns);
    if (!exchange->paced)
        return;
    if (now >= exchange->window_ns + WINDOW_NS) {
        if (exchange->window_len < WINDOW_BYTES_MIN) {
            fail(client, exchange, "slow");
            return;
        }
        exchange->window_ns = now;
        exchange->window_len = 0;
    }
    client_wake_at(client, exchange->window_ns + WINDOW_NS);
}

void client_exchange_step(struct client *client, struct exchange *exchange)
{
    struct client_transport *transport = &client->ports.transport;
    for (int i = 0; i < PIECES_PER_STEP && exchange->state == EXCHANGE_RUNNING; i++) {
        struct client_io_event event = {.kind = CLIENT_IO_PENDING};
        transport->next(transport->context, exchange->channel, &event);
        switch (event.kind) {
        case CLIENT_IO_PENDING: judge_pace(client, exchange); return;
        case CLIENT_IO_HEAD: take_head(client, exchange, &event.head); break;
        case CLIENT_IO_BODY: take_body(client, exchange, event.data, event.len); break;
        case CLIENT_IO_DONE: take_end(client, exchange); break;
        case CLIENT_IO_FAILED: fail(client, exchange, net_error_code(event.error)); break;
        }
    }
    if (exchange->state == EXCHANGE_RUNNING) {
        judge_pace(client, exchange);
        client_wake_at(client, client->now_ns);
    }
}
