/* Notify: the channel's timestamp names the release and the root of the orders; it is the last thing
 * that is written, and what machines wait for.
 * SPDX-License-Identifier: MIT
 *
 * Invariants:
 *  1 The row (counter, release, root, times) is committed before the signature is asked for, with the
 *    frame empty; after a crash the same text is signed again.
 *  2 Everything that a timestamp names is on the disk and published.
 *  3 Signed time never goes back: when the clock does, the newest signed time is used. */
#include "pipeline/steps.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "fleet/machines.h"
#include "fleet/orders.h"

#include <manifest/sign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIFE_MS (24LL * 3600 * 1000)
#define RENEW_AFTER_MS (LIFE_MS / 4)

/* What the newest timestamp says. */
struct said {
    int64_t counter;
    int64_t release;
    int64_t time_ms;
    int64_t expires_ms;
    char root[CELLS_DIGEST_LEN];
    char intent[16];
    bool signed_frame;
};

static bool load_said(struct server *server, struct said *out)
{
    memset(out, 0, sizeof *out);
    DB_ROWS_OWNED struct db_rows *rows = db_query(
        server->db,
        "SELECT counter, release, time, expires, orders_root, intent, frame IS NOT NULL "
        "FROM timestamps WHERE channel = ?",
        "s", CHANNEL_NAME);
    if (!db_next(rows))
        return false;
    out->counter = row_integer(rows, 0);
    out->release = row_integer(rows, 1);
    out->time_ms = row_integer(rows, 2);
    out->expires_ms = row_integer(rows, 3);
    text_copy(out->root, sizeof out->root, row_text(rows, 4));
    text_copy(out->intent, sizeof out->intent, row_text(rows, 5));
    out->signed_frame = row_integer(rows, 6) == 1;
    return true;
}

static enum result write_row(struct server *server, const struct said *said)
{
    return db_run(
        server->db,
        "INSERT INTO timestamps (channel, counter, release, time, expires, orders_root, "
        "intent, frame) VALUES (?, ?, ?, ?, ?, ?, ?, NULL) ON CONFLICT (channel) DO "
        "UPDATE "
        "SET counter = excluded.counter, release = excluded.release, time = "
        "excluded.time, "
        "expires = excluded.expires, orders_root = excluded.orders_root, intent = "
        "excluded.intent, frame = NULL",
        "siiiiss", CHANNEL_NAME, said->counter, said->release, said->time_ms,
        said->expires_ms, said->root, said->intent);
}

/* The signed text for SAID. GIVES *out_text. */
static enum result write_text(struct server *server, const struct said *said,
                              char **out_text)
{
    struct manifest_timestamp timestamp;
    memset(&timestamp, 0, sizeof timestamp);
    TEXT_OWNED char *hash = db_text(
        server->db, "SELECT hash FROM releases WHERE version = ?", "i", said->release);
    timestamp.counter = (uint64_t)said->counter;
    text_copy(timestamp.channel, sizeof timestamp.channel, CHANNEL_NAME);
    timestamp.time_ms = said->time_ms;
    timestamp.expires_ms = said->expires_ms;
    timestamp.release = (uint64_t)said->release;
    timestamp.release_length = (uint64_t)db_integer(
        server->db, 0, "SELECT length FROM releases WHERE version = ?", "i",
        said->release);
    timestamp.rollback = strcmp(said->intent, "rollback") == 0;
    if (hash == NULL ||
        text_unhex(hash, timestamp.release_hash, MANIFEST_HASH_LEN) != RESULT_OK ||
        text_unhex(said->root, timestamp.orders_root, MANIFEST_HASH_LEN) != RESULT_OK)
        return RESULT_CORRUPT;
    return manifest_timestamp_text(&timestamp, out_text) == MANIFEST_OK ? RESULT_OK
                                                                        : RESULT_INVALID;
}

/* Keeps FRAME (TAKEN) as the one to serve. */
static void serve(struct server *server, uint8_t *frame, size_t len, int64_t counter)
{
    uint8_t hash[MANIFEST_HASH_LEN];
    if (manifest_hash(frame, len, hash) != MANIFEST_OK)
        abort();
    free(server->timestamp);
    server->timestamp = frame;
    server->timestamp_len = len;
    server->timestamp_counter = counter;
    text_hex(hash, sizeof hash, server->timestamp_hash);
}

static enum result sign_row(struct server *server, const struct said *said,
                            struct problem *problem)
{
    TEXT_OWNED char *text = NULL;
    enum result result = write_text(server, said, &text);
    if (result != RESULT_OK)
        return problem_set(problem, result, "timestamp",
                           "the timestamp cannot be written");
    uint8_t *frame = NULL;
    size_t len = 0;
    json_t *question = json_pack("{s:s, s:s}", "op", "timestamp", "payload", text);
    result = signer_frame(server->signer, question, &frame, &len, problem);
    if (result != RESULT_OK)
        return result;
    result = db_run(server->db, "UPDATE timestamps SET frame = ? WHERE channel = ?", "bs",
                    frame, len, CHANNEL_NAME);
    if (result != RESULT_OK) {
        free(frame);
        return problem_set(problem, result, "timestamp", "the timestamp cannot be stored");
    }
    serve(server, frame, len, said->counter);
    return RESULT_OK;
}

/* After a start: the stored frame is served as it is. */
static void load_frame(struct server *server, const struct said *said)
{
    DB_ROWS_OWNED struct db_rows *rows = db_query(
        server->db, "SELECT frame FROM timestamps WHERE channel = ?", "s", CHANNEL_NAME);
    if (!db_next(rows) || row_is_null(rows, 0))
        return;
    size_t len = 0;
    const void *bytes = row_blob(rows, 0, &len);
    uint8_t *copy = malloc(len);
    if (copy == NULL)
        return;
    memcpy(copy, bytes, len);
    serve(server, copy, len, said->counter);
}

/* What it should say now. False: the channel offers nothing yet. */
static bool want(struct server *server, const struct said *said, struct said *out)
{
    memset(out, 0, sizeof *out);
    out->release = db_integer(server->db, 0, "SELECT release FROM channel WHERE name = ?",
                              "s", CHANNEL_NAME);
    if (out->release == 0)
        return false;
    TEXT_OWNED char *trigger =
        db_text(server->db, "SELECT trigger_kind FROM releases WHERE version = ?", "i",
                out->release);
    bool rollback = trigger != NULL && strcmp(trigger, "rollback") == 0;
    text_copy(out->intent, sizeof out->intent, rollback ? "rollback" : "deploy");
    uint8_t root[MANIFEST_HASH_LEN];
    manifest_orders_root(server->orders, root);
    text_hex(root, sizeof root, out->root);
    out->time_ms = clock_now_ms();
    if (out->time_ms < said->time_ms)
        out->time_ms = said->time_ms;
    out->expires_ms = out->time_ms + LIFE_MS;
    out->counter = said->counter + 1;
    return true;
}

enum result notify_refresh(struct server *server, struct problem *problem)
{
    struct said said;
    bool known = load_said(server, &said);
    enum result result = orders_build(server, problem);
    if (result != RESULT_OK)
        return result;
    struct said wanted;
    if (!want(server, &said, &wanted))
        return RESULT_OK;
    bool same = known && said.release == wanted.release &&
                strcmp(said.root, wanted.root) == 0 &&
                strcmp(said.intent, wanted.intent) == 0;
    bool old = known && clock_now_ms() - said.time_ms > RENEW_AFTER_MS;
    if (same && said.signed_frame && !old) {
        if (server->timestamp == NULL)
            load_frame(server, &said);
        return RESULT_OK;
    }
    if (known && !said.signed_frame && same) {
        wanted = said;
    } else {
        result = write_row(server, &wanted);
        if (result != RESULT_OK)
            return problem_set(problem, result, "timestamp",
                               "the timestamp cannot be stored: %s", result_name(result));
    }
    result = sign_row(server, &wanted, problem);
    if (result != RESULT_OK) {
        server_alarm(server, "timestamp", "the timestamp cannot be signed");
        log_error("notify", "%s",
                  problem == NULL ? "the timestamp cannot be signed" : problem->text);
        return result;
    }
    server_alarm_clear(server, "timestamp");
    log_info("notify", "timestamp %lld names release %lld", (long long)wanted.counter,
             (long long)wanted.release);
    http_wake(server->machines, NULL);
    server_poke(server);
    if (!same)
        machines_settle_all(server);
    return RESULT_OK;
}

/* Freshness that runs out is told long before machines would stop to take news. */
void notify_check_age(struct server *server)
{
    struct said said;
    if (!load_said(server, &said))
        return;
    int64_t age = clock_now_ms() - said.time_ms;
    char text[128];
    snprintf(text, sizeof text,
             "the timestamp has used up %lld %% of its life and is not renewed",
             (long long)(age >= LIFE_MS * 8 / 10 ? 80 : 50));
    if (age >= LIFE_MS / 2)
        server_alarm(server, "timestamp-age", text);
    else
        server_alarm_clear(server, "timestamp-age");
}

int64_t notify_due(struct server *server)
{
    struct said said;
    if (!load_said(server, &said))
        return INT64_MAX;
    return said.time_ms + RENEW_AFTER_MS + 1000;
}
