/* Makes re-issues, ships them, renews them before they expire.
 * SPDX-License-Identifier: MIT */
#include "fleet/reissue.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "pipeline/steps.h"

#define RENEW_BEFORE_MS (60LL * 24 * 3600 * 1000)

/* What differs between the channel's content and CONTENT. GIVES. */
static json_t *changes(struct server *server, const char *content)
{
    CELL_SET_OWNED now = {0};
    CELL_SET_OWNED then = {0};
    TEXT_OWNED char *channel = db_text(
        server->db, "SELECT r.content FROM channel c JOIN releases r ON r.version = c.release WHERE c.name = ?",
        "s", CHANNEL_NAME);
    if (channel != NULL)
        (void)!cell_set_load(server->db, channel, &now);
    (void)!cell_set_load(server->db, content, &then);
    return cell_set_difference(&now, &then);
}

static json_t *stub_change(struct server *server, int64_t before, const char *stub)
{
    json_t *needs = json_array();
    if (db_integer(server->db, 0, "SELECT stub != ? FROM releases WHERE version = ?",
                   "si", stub, before) == 1)
        json_array_append_new(needs, json_string("boot stub"));
    return needs;
}

enum result reissue_make(struct server *server, int64_t source, const json_t *consent,
                         const char *trigger, const char *by, const char *note,
                         int64_t *out_version, struct problem *problem)
{
    struct db *db = server->db;
    TEXT_OWNED char *commit =
        db_text(db, "SELECT commit_id FROM releases WHERE version = ?", "i", source);
    TEXT_OWNED char *content =
        db_text(db, "SELECT content FROM releases WHERE version = ?", "i", source);
    TEXT_OWNED char *stub =
        db_text(db, "SELECT stub FROM releases WHERE version = ?", "i", source);
    if (commit == NULL || content == NULL || stub == NULL)
        return problem_set(problem, RESULT_NOT_FOUND, "no-release",
                           "there is no release %lld", (long long)source);
    int64_t before = db_integer(db, 0, "SELECT release FROM channel WHERE name = ?", "s",
                                CHANNEL_NAME);
    JSON_OWNED json_t *changed = changes(server, content);
    JSON_OWNED json_t *refusals = json_array();
    JSON_OWNED json_t *needs = stub_change(server, before, stub);
    struct release_request request = {
        .reissue = true,
        .commit = commit,
        .content = content,
        .stub = stub,
        .reissue_of = source,
        .trigger = trigger,
        .by_kind = "operator",
        .by_name = by,
        .note = note,
        .before = before,
        .changed = changed,
        .refusals = refusals,
        .needs_boot = needs,
        .consent = consent,
    };
    return release_make(server, &request, out_version, problem);
}

void reissue_ship(struct server *server, int64_t version)
{
    db_run(
        server->db, "UPDATE releases SET for_channel = 1, shipped = ifnull(shipped, ?) WHERE version = ?",
        "ii", clock_now_ms(), version);
    db_run(server->db, "UPDATE channel SET release = ? WHERE name = ?", "is", version,
           CHANNEL_NAME);
}

/* The same under a new version, with the same consent. */
static enum result renew(struct server *server, int64_t old, int64_t *out_version,
                         struct problem *problem)
{
    TEXT_OWNED char *payload =
        db_text(server->db, "SELECT payload FROM releases WHERE version = ?", "i", old);
    JSON_OWNED json_t *text = json_stored(payload);
    return reissue_make(server, old, json_object_get(text, "consent"), "manual",
                        "neurathd", "renewed before it expires", out_version, problem);
}

void reissue_renew(struct server *server)
{
    int64_t limit = clock_now_ms() + RENEW_BEFORE_MS;
    struct problem problem = {"", ""};
    int64_t version = 0;
    int64_t old = db_integer(
        server->db, 0,
        "SELECT c.release FROM channel c JOIN releases r ON r.version = c.release "
        "WHERE c.name = ? AND r.expires < ?",
        "si", CHANNEL_NAME, limit);
    if (old != 0 && renew(server, old, &version, &problem) == RESULT_OK &&
        db_begin(server->db) == RESULT_OK) {
        reissue_ship(server, version);
        if (db_commit(server->db) == RESULT_OK)
            log_info("reissue", "release %lld renews release %lld", (long long)version,
                     (long long)old);
    }
    int64_t ordered = db_integer(
        server->db, 0,
        "SELECT o.release FROM orders o JOIN releases r ON r.version = o.release "
        "WHERE r.expires < ? LIMIT 1",
        "i", limit);
    if (ordered != 0 && renew(server, ordered, &version, &problem) == RESULT_OK)
        db_run(server->db, "UPDATE orders SET release = ? WHERE release = ?", "ii",
               version, ordered);
}
