/* The poll channel: enrolment, the parked poll, and what its answer says.
 * SPDX-License-Identifier: MIT
 */
#include "private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_S 25
#define GIVE_UP_NS (35 * SECOND)
#define IDLE_GAP_NS SECOND    /* between polls that brought nothing and came at once */
#define BUSY_GAP_NS (50 * MS) /* between polls, whatever they bring */

static struct exchange *channel_of(struct client *client)
{
    return &client->exchanges[CLIENT_CHANNEL_POLL];
}

/* --- Asking ----------------------------------------------------------------------------------------------------- */

static void enroll_start(struct client *client)
{
    char *text = client_identity_enroll_text(client);
    if (!text) {
        client_set_reason(client, "random");
        client_backoff_fail(client, &client->poll_backoff, 0);
        return;
    }
    client->enrolling = true;
    const struct exchange_options options = {.method = "POST",
                                             .path = "/m/v1/enroll",
                                             .body = text,
                                             .body_max = 64 * 1024,
                                             .timeout_ns = GIVE_UP_NS};
    client_exchange_start(client, channel_of(client), &options);
}

static char *poll_text(struct client *client)
{
    char nonce[33];
    /* The first answer of a boot brings trusted time, and one in a trial brings contact: both at once. */
    bool hurry = !client->polled ||
                 (client->attempt.stage == ATTEMPT_TRIAL && !client->attempt.contact) ||
                 client->attempt.stage == ATTEMPT_VERDICT;
    manifest_hex_write(client->nonce, sizeof client->nonce, nonce);
    json_t *body = json_pack(
        "{s:s, s:I, s:s, s:I, s:I, s:o, s:s, s:I, s:I, s:I, s:i}", "boot_id",
        client->trust.boot_id, "sequence", (json_int_t)client->sequence, "nonce", nonce,
        "root_version", (json_int_t)client->trust.state.root_version, "timestamp_counter",
        (json_int_t)client->trust.state.timestamp_counter, "running",
        client_report_running(client), "state", client_state_word(client_state_of(client)),
        "uptime_ms", (json_int_t)((client->now_ns - client->boot_ns) / MS),
        "swaps_since_boot", (json_int_t)client->swaps, "commands_done",
        (json_int_t)client->command_done, "wait_s", hurry ? 0 : WAIT_S);
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    return text;
}

static void poll_start(struct client *client)
{
    char *text = NULL;
    if (client_random(client, client->nonce, sizeof client->nonce))
        text = poll_text(client);
    if (!text) {
        client_set_reason(client, "random");
        client_backoff_fail(client, &client->poll_backoff, 0);
        return;
    }
    client->enrolling = false;
    client->polls++;
    const struct exchange_options options = {.method = "POST",
                                             .path = "/m/v1/poll",
                                             .body = text,
                                             .mutual = true,
                                             .body_max = ANSWER_MAX,
                                             .timeout_ns = GIVE_UP_NS};
    client_exchange_start(client, channel_of(client), &options);
}

/* --- Answers ---------------------------------------------------------------------------------------------------- */

static bool enroll_take(struct client *client, const uint8_t *body, size_t len)
{
    json_t *answer;
    if (manifest_json_read(body, len, &answer) != MANIFEST_OK)
        return false;
    const char *machine = json_string_value(json_object_get(answer, "machine"));
    const char *certificate = json_string_value(json_object_get(answer, "certificate"));
    char *copy = NULL;
    if (machine && certificate && strcmp(machine, client->machine) == 0 &&
        strlen(certificate) <= 32 * 1024)
        copy = client_text_copy(certificate);
    json_decref(answer);
    if (!copy)
        return false;
    free(client->certificate);
    client->certificate = copy;
    client_identity_apply(client);
    client_blob_touch(client);
    client_log(client, "enrolled as %s", client->machine);
    return true;
}

/* Takes the roots that are newer than ours, one after the other. Those before a bad one stay. */
static enum manifest_status roots_take(struct client *client, const json_t *roots)
{
    for (size_t i = 0; i < json_array_size(roots); i++) {
        const char *text = json_string_value(json_array_get(roots, i));
        uint8_t *frame;
        size_t len;
        enum manifest_status status =
            text ? client_base64_read(text, &frame, &len) : MANIFEST_BAD_FIELD;
        if (status != MANIFEST_OK)
            return status;
        status = trust_add_root(&client->trust, frame, len);
        if (status != MANIFEST_OK) {
            free(frame);
            return status;
        }
        free(client->root_frame);
        client->root_frame = frame;
        client->root_frame_len = len;
        client_log(client, "root %llu", (unsigned long long)client->trust.root.version);
        client_blob_touch(client);
    }
    return MANIFEST_OK;
}

static void time_take(struct client *client, int64_t time_ms)
{
    struct client_transport *transport = &client->ports.transport;
    trust_take_time(&client->trust, time_ms, client->now_ns);
    transport->set_time(transport->context, time_ms);
}

static bool same_target(const struct trust_news *a, const struct trust_news *b)
{
    return a->release == b->release &&
           memcmp(a->release_hash, b->release_hash, MANIFEST_HASH_LEN) == 0;
}

/* Takes news that were checked; returns whether they are new. */
static bool news_take(struct client *client, const struct trust_news *news)
{
    bool counted = news->timestamp.counter != client->trust.state.timestamp_counter;
    bool target = !client->has_news || !same_target(&client->news, news);
    trust_take_news(&client->trust, news);
    time_take(client, news->time_ms);
    if (counted)
        client_blob_touch(client);
    if (target)
        client->news_ns = client->now_ns;
    client->news = *news;
    client->has_news = true;
    client->refusal[0] = 0;
    return counted || target;
}

static enum manifest_status news_check(struct client *client, const json_t *answer,
                                       struct trust_news *out)
{
    const char *timestamp_text = json_string_value(json_object_get(answer, "timestamp"));
    const char *fresh_text = json_string_value(json_object_get(answer, "fresh"));
    uint8_t *timestamp = NULL;
    uint8_t *fresh = NULL;
    size_t timestamp_len, fresh_len;
    int64_t time_ms = -1;
    if (!timestamp_text || !fresh_text)
        return MANIFEST_BAD_FIELD;
    enum manifest_status status =
        client_base64_read(timestamp_text, &timestamp, &timestamp_len);
    if (status == MANIFEST_OK)
        status = client_base64_read(fresh_text, &fresh, &fresh_len);
    if (status == MANIFEST_OK)
        status = trust_check_news(&client->trust, timestamp, timestamp_len, fresh,
                                  fresh_len, json_object_get(answer, "order"),
                                  client->nonce, client->now_ns, out, &time_ms);
    if (status != MANIFEST_OK && time_ms >= 0)
        time_take(client, time_ms);
    free(timestamp);
    free(fresh);
    return status;
}

static void command_take(struct client *client, const json_t *object)
{
    json_int_t id = json_integer_value(json_object_get(object, "id"));
    const char *kind = json_string_value(json_object_get(object, "kind"));
    const char *hash = json_string_value(json_object_get(object, "hash"));
    struct command command = {
        .id = (uint64_t)id,
        .release = (uint64_t)json_integer_value(json_object_get(object, "release")),
        .length = (uint64_t)json_integer_value(json_object_get(object, "length"))};
    if (id <= 0 || !kind || command.id <= client->command_done)
        return;
    if (strcmp(kind, "plan") == 0) {
        if (!hash || !manifest_hex_read(hash, command.hash, MANIFEST_HASH_LEN) ||
            command.release == 0 || command.length > MANIFEST_FRAME_MAX)
            hash = NULL;
        if (hash && client->command_count == COMMANDS_MAX)
            return; /* delivered again later */
        if (hash)
            client->commands[client->command_count++] = command;
    } else if (strcmp(kind, "retry") == 0) {
        client_retry(client);
    } else if (strcmp(kind, "reboot") == 0) {
        struct client_system *system = &client->ports.system;
        client_log(client, "reboot as told by the server");
        if (!system->reboot || !system->reboot(system->context))
            client_log(client, "this machine cannot reboot by itself");
    }
    client->command_done = command.id;
}

enum taken { TAKEN_REFUSED, TAKEN_NOTHING, TAKEN_NEWS };

static enum taken poll_take(struct client *client, const uint8_t *body, size_t len)
{
    struct trust_news news;
    json_t *answer;
    enum manifest_status status = manifest_json_read(body, len, &answer);
    if (status != MANIFEST_OK) {
        client_attempt_note_refusal(client, "answer", status);
        return TAKEN_REFUSED;
    }
    bool brought = !client->polled;
    status = roots_take(client, json_object_get(answer, "roots"));
    if (status != MANIFEST_OK) {
        client_attempt_note_refusal(client, "root", status);
    } else {
        status = news_check(client, answer, &news);
        if (status == MANIFEST_OK)
            brought = news_take(client, &news) || brought;
        else
            client_attempt_note_refusal(client, "timestamp", status);
    }
    client->polled = client->polled || status == MANIFEST_OK;
    const json_t *commands = json_object_get(answer, "commands");
    uint64_t before = client->command_done;
    for (size_t i = 0; status == MANIFEST_OK && i < json_array_size(commands); i++)
        command_take(client, json_array_get(commands, i));
    json_decref(answer);
    if (status != MANIFEST_OK)
        return TAKEN_REFUSED;
    return brought || before != client->command_done ? TAKEN_NEWS : TAKEN_NOTHING;
}

/* --- The channel ------------------------------------------------------------------------------------------------ */

static void failed(struct client *client, const char *code, uint64_t retry_after_s)
{
    client->failures++;
    client->contact = false;
    client_set_reason(client, code);
    client_backoff_fail(client, &client->poll_backoff, retry_after_s);
}

static void answered(struct client *client, struct exchange *exchange)
{
    uint64_t started_ns = exchange->started_ns;
    unsigned status = exchange->head.status;
    char code[CODE_MAX];
    bool good = false;
    bool brought = false;
    enum taken taken;
    snprintf(code, sizeof code, "http_%u", status);
    if (status == 200 && client->enrolling) {
        good = brought = enroll_take(client, exchange->body, exchange->len);
        snprintf(code, sizeof code, "bad_answer");
    } else if (status == 200) {
        good = true;
        client_note_contact(client, started_ns);
        taken = poll_take(client, exchange->body, exchange->len);
        brought = taken == TAKEN_NEWS;
        if (taken == TAKEN_REFUSED) {
            client_backoff_fail(client, &client->poll_backoff, 0);
            return;
        }
    } else if (status == 401 || status == 403) {
        if (client->enrolling)
            snprintf(code, sizeof code, "enroll_refused");
        else
            client_forget_certificate(client);
    }
    if (!good) {
        failed(client, code, exchange->head.retry_after_s);
        return;
    }
    client_backoff_clear(&client->poll_backoff);
    client->poll_ns = started_ns + (brought ? BUSY_GAP_NS : IDLE_GAP_NS);
}

void client_poll_step(struct client *client)
{
    struct exchange *exchange = channel_of(client);
    if (exchange->state == EXCHANGE_IDLE) {
        uint64_t until = client->poll_ns;
        if (client->poll_backoff.until_ns > until)
            until = client->poll_backoff.until_ns;
        if (client->now_ns < until) {
            client_wake_at(client, until);
            return;
        }
        if (client->certificate)
            poll_start(client);
        else
            enroll_start(client);
        client_wake_at(client, client->now_ns + MS);
    }
    if (exchange->state == EXCHANGE_RUNNING)
        client_exchange_step(client, exchange);
    if (exchange->state == EXCHANGE_DONE)
        answered(client, exchange);
    else if (exchange->state == EXCHANGE_FAILED)
        failed(client, exchange->failure, 0);
    else
        return;
    client_exchange_end(client, exchange);
}
