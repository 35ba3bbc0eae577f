/* The work channel: reports first, then what the attempt in hand needs.
 * SPDX-License-Identifier: MIT
 */
#include "private.h"

#include <lib/base/memory.h>
#include <stdio.h>
#include <string.h>

#define REPORT_TIMEOUT_NS (30 * SECOND)
#define FETCH_TIMEOUT_NS (600 * SECOND)

static struct exchange *channel_of(struct client *client)
{
    return &client->exchanges[CLIENT_CHANNEL_WORK];
}

/* --- Starting --------------------------------------------------------------------------------------------------- */

/* Starts a POST of TEXT (TAKES). */
static void report_start(struct client *client, enum work_job job, char *text)
{
    client->work_job = job;
    const struct exchange_options options = {.method = "POST",
                                             .path = "/m/v1/report",
                                             .body = text,
                                             .mutual = true,
                                             .body_max = 4096,
                                             .timeout_ns = REPORT_TIMEOUT_NS};
    client_exchange_start(client, channel_of(client), &options);
}

static void partial_drop(struct client *client)
{
    free(client->partial);
    client->partial = NULL;
    client->partial_len = 0;
}

static void fetch_start(struct client *client, enum work_job job, const char *path,
                        uint64_t length, const uint8_t *object)
{
    struct exchange_options options = {.method = "GET",
                                       .path = path,
                                       .mutual = true,
                                       .body_max = length,
                                       .timeout_ns = FETCH_TIMEOUT_NS,
                                       .paced = true};
    if (client->partial && object &&
        memcmp(client->partial_object, object, MANIFEST_HASH_LEN) == 0 &&
        client->partial_len < length) {
        options.resume = client->partial;
        options.resume_len = client->partial_len;
        client->partial = NULL;
    }
    partial_drop(client);
    if (object)
        memcpy(client->partial_object, object, MANIFEST_HASH_LEN);
    client->work_job = job;
    client_exchange_start(client, channel_of(client), &options);
}

static bool blob_start(struct client *client)
{
    uint64_t sequence;
    char *text =
        client->blob_unreported ? client_report_blob_text(client, &sequence) : NULL;
    if (!text)
        return false;
    client->blob_sent = client->blob_version;
    report_start(client, WORK_BLOB, text);
    return true;
}

/* Chooses what to do next. The blob waits for fetches, since only the swap itself waits for the blob; but a machine
 * that has just been given a certificate keeps it before anything else. */
static void choose(struct client *client)
{
    char path[128];
    uint64_t length = 0;
    const uint8_t *object = NULL;
    if (!client->polled && blob_start(client))
        return;
    if (client->report_count > 0) {
        char *text = client_text_copy(client->reports[0].text);
        if (text)
            report_start(client, WORK_REPORT, text);
        return;
    }
    enum work_job job = client_attempt_wants(client, path, sizeof path, &length, &object);
    if (job != WORK_NONE)
        fetch_start(client, job, path, length, object);
    else
        blob_start(client);
}

/* --- Ends ------------------------------------------------------------------------------------------------------- */

static bool is_acknowledged(const struct exchange *exchange)
{
    json_t *answer;
    if (exchange->head.status != 200 ||
        manifest_json_read(exchange->body, exchange->len, &answer) != MANIFEST_OK)
        return false;
    bool acknowledged = json_is_integer(json_object_get(answer, "acknowledged"));
    json_decref(answer);
    return acknowledged;
}

/* Whether the server will never want this report. */
static bool is_unwanted(unsigned status)
{
    return status == 400 || status == 413 || status == 422;
}

static void report_done(struct client *client, const struct exchange *exchange)
{
    if (is_acknowledged(exchange)) {
        if (client->work_job == WORK_REPORT)
            client_report_drop_first(client);
        else
            client->blob_unreported = client->blob_sent != client->blob_version;
        client_backoff_clear(&client->work_backoff);
        return;
    }
    if (client->work_job == WORK_REPORT && is_unwanted(exchange->head.status) &&
        ++client->reports[0].refusals == REPORT_REFUSALS_MAX) {
        client_log(client, "the server refuses report %llu: dropped",
                   (unsigned long long)client->reports[0].sequence);
        client->reports_dropped++;
        client_report_drop_first(client);
    }
    client->failures++;
    client_backoff_fail(client, &client->work_backoff, exchange->head.retry_after_s);
}

static void fetch_done(struct client *client, struct exchange *exchange)
{
    unsigned status = exchange->head.status;
    size_t len;
    if (status == 200 || status == 206) {
        client->bytes_fetched += exchange->len - exchange->resumed;
        client->attempt.bytes += exchange->len - exchange->resumed;
        client_backoff_clear(&client->work_backoff);
        uint8_t *body = client_exchange_take_body(exchange, &len);
        if (client->work_job == WORK_RELEASE) {
            client_attempt_got_release(client, body, len);
            free(body);
        } else {
            client_attempt_got_object(client, body, len);
        }
        return;
    }
    char code[CODE_MAX];
    snprintf(code, sizeof code, "http_%u", status);
    client->failures++;
    client_backoff_fail(client, &client->work_backoff, exchange->head.retry_after_s);
    client_attempt_fetch_failed(client, code, status == 404 || status == 410);
}

/* Keeps the beginning of an object whose connection broke; what the server itself got wrong is not kept. */
static void fetch_broke(struct client *client, struct exchange *exchange)
{
    const char *code = exchange->failure;
    size_t len;
    bool resumable = client->work_job == WORK_OBJECT && exchange->has_head &&
                     (exchange->head.status == 200 || exchange->head.status == 206) &&
                     strcmp(code, "range") != 0 && strcmp(code, "too_large") != 0 &&
                     strcmp(code, "encoded") != 0;
    client->bytes_fetched += exchange->len - exchange->resumed;
    client->attempt.bytes += exchange->len - exchange->resumed;
    /* A connection that failed before the answer began still has the old beginning. */
    if (client->work_job == WORK_OBJECT && !exchange->has_head && exchange->resumed > 0)
        resumable = true;
    if (resumable && exchange->len > 0) {
        size_t room = exchange->body_max;
        uint8_t *body = client_exchange_take_body(exchange, &len);
        uint8_t *bigger = memory_grow_bytes(body, room);
        client->partial = bigger ? bigger : body;
        client->partial_len = len;
        if (!bigger)
            partial_drop(client);
    }
    client_attempt_fetch_failed(client, code, false);
}

static void done(struct client *client, struct exchange *exchange)
{
    unsigned status = exchange->head.status;
    if (status == 401 || status == 403) {
        client_forget_certificate(client);
        client->failures++;
        client_backoff_fail(client, &client->work_backoff, exchange->head.retry_after_s);
        return;
    }
    client_note_contact(client, exchange->started_ns);
    if (client->work_job == WORK_REPORT || client->work_job == WORK_BLOB)
        report_done(client, exchange);
    else
        fetch_done(client, exchange);
}

static void broke(struct client *client, struct exchange *exchange)
{
    client->failures++;
    client_set_reason(client, exchange->failure);
    client_backoff_fail(client, &client->work_backoff, 0);
    if (client->work_job == WORK_RELEASE || client->work_job == WORK_OBJECT)
        fetch_broke(client, exchange);
}

void client_work_step(struct client *client)
{
    struct exchange *exchange = channel_of(client);
    if (exchange->state == EXCHANGE_IDLE) {
        if (!client->certificate)
            return;
        if (client->now_ns < client->work_backoff.until_ns) {
            client_wake_at(client, client->work_backoff.until_ns);
            return;
        }
        choose(client);
    }
    if (exchange->state == EXCHANGE_RUNNING)
        client_exchange_step(client, exchange);
    if (exchange->state == EXCHANGE_DONE)
        done(client, exchange);
    else if (exchange->state == EXCHANGE_FAILED)
        broke(client, exchange);
    else
        return;
    client->work_job = WORK_NONE;
    client_exchange_end(client, exchange);
}
