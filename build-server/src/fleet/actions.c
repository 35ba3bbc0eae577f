/* Actions of operators: read, foresee, then change everything at once.
 * SPDX-License-Identifier: MIT
 *
 * A crash before the one transaction leaves a release that nothing offers (harmless); after it, the start
 * signs the timestamp that was due. */
#include "fleet/actions.h"

#include "api/events.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "fleet/commands.h"
#include "fleet/forecast.h"
#include "fleet/hold.h"
#include "fleet/machines.h"
#include "fleet/orders.h"
#include "fleet/reissue.h"
#include "fleet/rows.h"
#include "pipeline/steps.h"

#include <stdlib.h>
#include <string.h>

#define NOTE_MAX 500
#define RETRY_LIFE_MS (24LL * 3600 * 1000)
#define REBOOT_LIFE_MS 60000

struct action {
    struct server *server;
    const char *kind;
    const char *by;
    const char *note;
    const char *to;
    bool hold;
    bool dry_run;
    bool all;
    json_t *ids;
    int64_t source;  /* the release whose content is wanted; 0: none */
    int64_t release; /* what was made, or is used again; 0: none */
};

static bool is_kind(const struct action *action, const char *kind)
{
    return strcmp(action->kind, kind) == 0;
}

static bool wants_target(const struct action *action)
{
    return is_kind(action, "rollback") || is_kind(action, "deploy") ||
           (is_kind(action, "pin") && action->to != NULL);
}

/* --- What would happen -------------------------------------------------------------------------- */

static json_t *make_row(struct action *action, const char *id, const char *what,
                        json_t *reason, json_t *cells)
{
    TEXT_OWNED char *name =
        db_text(action->server->db, "SELECT name FROM machines WHERE id = ?", "s", id);
    return json_pack("{s:s, s:s, s:s, s:o, s:o}", "machine", id, "name",
                     name == NULL ? id : name, "action", what, "reason",
                     reason == NULL ? json_null() : reason, "cells",
                     cells == NULL ? json_array() : cells);
}

static json_t *simple_reason(const char *code, const char *text)
{
    return json_pack("{s:s, s:s}", "code", code, "text", text);
}

/* A machine on its way to RELEASE. */
static json_t *forecast_row(struct action *action, const char *id, int64_t release)
{
    struct problem problem = {"", ""};
    JSON_OWNED json_t *made = forecast(action->server, id, release, &problem);
    if (made == NULL)
        return make_row(action, id, "blocked", simple_reason("unknown", problem.text),
                        NULL);
    json_t *cells = json_incref(json_object_get(made, "cells"));
    json_t *refusals = json_object_get(made, "refusals");
    if (json_array_size(json_object_get(made, "needs_boot")) > 0)
        return make_row(
            action, id, "boot",
            simple_reason("needs_boot", "it has another boot stub: a boot is needed"),
            cells);
    if (json_array_size(refusals) > 0)
        return make_row(action, id, "blocked", json_incref(json_array_get(refusals, 0)),
                        cells);
    TEXT_OWNED char *state =
        db_text(action->server->db, "SELECT state FROM machines WHERE id = ?", "s", id);
    if (state != NULL && strcmp(state, "silent") == 0)
        return make_row(
            action, id, "wait",
            simple_reason("silent", "it is silent: it follows when it is heard of again"),
            cells);
    return make_row(action, id, "swap", NULL, cells);
}

static json_t *target_row(struct action *action, const char *id)
{
    struct db *db = action->server->db;
    TEXT_OWNED char *intent =
        db_text(db, "SELECT intent FROM orders WHERE machine = ?", "s", id);
    if (action->all && intent != NULL &&
        (strcmp(intent, "pin") == 0 || strcmp(intent, "hold") == 0))
        return make_row(
            action, id, "nothing",
            simple_reason(
                strcmp(intent, "pin") == 0 ? "pinned" : "held",
                "actions on the fleet leave it alone; `neurath unhold` ends that"),
            NULL);
    TEXT_OWNED char *content =
        db_text(db, "SELECT content FROM machines WHERE id = ?", "s", id);
    TEXT_OWNED char *target =
        db_text(db, "SELECT content FROM releases WHERE version = ?", "i", action->source);
    if (content == NULL)
        return make_row(action, id, "wait",
                        simple_reason("unknown", "what it runs is not known yet"), NULL);
    if (target != NULL && strcmp(content, target) == 0 &&
        !forecast_stub_differs(action->server, id, action->source))
        return make_row(action, id, "nothing", NULL, NULL);
    return forecast_row(action, id, action->source);
}

/* Without a target of their own: hold, unhold, pin to what runs, retry, reboot. */
static json_t *plain_row(struct action *action, const char *id)
{
    struct db *db = action->server->db;
    if (is_kind(action, "reboot"))
        return make_row(action, id, "boot", NULL, NULL);
    if (is_kind(action, "retry")) {
        bool any = db_integer(db, 0, "SELECT count(*) FROM quarantine WHERE machine = ?",
                              "s", id) > 0;
        return make_row(action, id, any ? "swap" : "nothing", NULL, NULL);
    }
    if (!is_kind(action, "unhold"))
        return make_row(action, id, "nothing", NULL, NULL);
    int64_t away = db_integer(
        db, 0,
        "SELECT r.version FROM channel c JOIN releases r ON r.version = c.release, "
        "machines m WHERE m.id = ? AND (m.content != r.content OR m.stub != r.stub)",
        "s", id);
    return away == 0 ? make_row(action, id, "nothing", NULL, NULL)
                     : forecast_row(action, id, away);
}

static json_t *make_rows(struct action *action)
{
    json_t *rows = json_array();
    size_t i;
    json_t *id;
    json_array_foreach(action->ids, i, id)
    {
        const char *text = json_string_value(id);
        json_array_append_new(rows, wants_target(action) ? target_row(action, text)
                                                         : plain_row(action, text));
    }
    return rows;
}

/* --- Doing it ----------------------------------------------------------------------------------- */

/* The channel goes to SOURCE's content. */
static enum result change_channel(struct action *action, struct problem *problem)
{
    struct server *server = action->server;
    struct db *db = server->db;
    bool rollback = is_kind(action, "rollback");
    int64_t bad = db_integer(db, 0, "SELECT release FROM channel WHERE name = ?", "s",
                             CHANNEL_NAME);
    TEXT_OWNED char *now =
        db_text(db, "SELECT content FROM releases WHERE version = ?", "i", bad);
    TEXT_OWNED char *content =
        db_text(db, "SELECT content FROM releases WHERE version = ?", "i", action->source);
    bool same = db_integer(db, 0,
                           "SELECT a.content = b.content AND a.stub = b.stub FROM "
                           "releases a, releases b WHERE a.version = ? AND b.version = ?",
                           "ii", bad, action->source) == 1;
    enum result result = RESULT_OK;
    action->release = bad;
    if (!same)
        result = reissue_make(server, action->source, rollback ? "rollback" : "manual",
                              action->by, action->note, &action->release, problem);
    if (result == RESULT_OK)
        result = db_begin(db);
    if (result != RESULT_OK)
        return result;
    reissue_ship(server, action->release);
    db_run(db,
           "DELETE FROM suspects WHERE scope IN (SELECT machine FROM orders WHERE intent "
           "IN ('rollback', "
           "'deploy'))",
           "");
    db_run(db, "DELETE FROM orders WHERE intent IN ('rollback', 'deploy')", "");
    if (!rollback)
        hold_end(server);
    if (rollback && action->hold && !same) {
        hold_suspect(server, "", now, content);
        db_run(db,
               "UPDATE channel SET hold_since = ?, hold_kind = 'operator', hold_name = "
               "?, hold_note = ?, "
               "hold_bad = ? WHERE name = ?",
               "issis", clock_now_ms(), action->by, action->note, bad, CHANNEL_NAME);
    }
    return db_commit(db);
}

static enum result order_machine(struct action *action, const char *id, const char *intent)
{
    struct server *server = action->server;
    struct db *db = server->db;
    int64_t bad = db_integer(db, 0, "SELECT release FROM machines WHERE id = ?", "s", id);
    TEXT_OWNED char *running =
        db_text(db, "SELECT content FROM machines WHERE id = ?", "s", id);
    TEXT_OWNED char *content = db_text(
        db, "SELECT content FROM releases WHERE version = ?", "i", action->release);
    struct order_request request = {
        .machine = id,
        .intent = intent,
        .release = action->release,
        .bad = bad,
        .by_kind = "operator",
        .by_name = action->by,
        .note = action->note,
    };
    db_run(db, "DELETE FROM suspects WHERE scope = ?", "s", id);
    if (strcmp(intent, "rollback") == 0 && running != NULL && content != NULL)
        hold_suspect(server, id, running, content);
    return orders_set(server, &request);
}

/* Single machines go to SOURCE's content, by orders that share one re-issue. */
static enum result change_machines(struct action *action, struct problem *problem)
{
    struct server *server = action->server;
    const char *intent = is_kind(action, "pin")      ? "pin"
                         : is_kind(action, "deploy") ? "deploy"
                         : action->hold              ? "rollback"
                                                     : "deploy";
    const char *trigger = is_kind(action, "rollback") ? "rollback" : "manual";
    enum result result = reissue_make(server, action->source, trigger, action->by,
                                      action->note, &action->release, problem);
    if (result == RESULT_OK)
        result = db_begin(server->db);
    if (result != RESULT_OK)
        return result;
    size_t i;
    json_t *id;
    json_array_foreach(action->ids, i, id)
    {
        order_machine(action, json_string_value(id), intent);
    }
    return db_commit(server->db);
}

static enum result hold_machines(struct action *action)
{
    struct server *server = action->server;
    enum result result = db_begin(server->db);
    if (result != RESULT_OK)
        return result;
    if (action->all)
        db_run(server->db,
               "UPDATE channel SET hold_since = ?, hold_kind = 'operator', hold_name = "
               "?, hold_note = ?, "
               "hold_bad = NULL WHERE name = ?",
               "isss", clock_now_ms(), action->by, action->note, CHANNEL_NAME);
    size_t i;
    json_t *id;
    json_array_foreach(action->ids, i, id)
    {
        if (action->all)
            break;
        action->release =
            db_integer(server->db, 0,
                       "SELECT release FROM machines WHERE id = ? AND release IN (SELECT "
                       "version FROM releases)",
                       "s", json_string_value(id));
        order_machine(action, json_string_value(id), "hold");
    }
    action->release = 0;
    return db_commit(server->db);
}

/* Each machine stays on its own content; those with the same content share a re-issue. */
static enum result pin_machines(struct action *action, struct problem *problem)
{
    struct server *server = action->server;
    JSON_OWNED json_t *made = json_object();
    size_t i;
    json_t *id;
    json_array_foreach(action->ids, i, id)
    {
        int64_t running = db_integer(server->db, 0,
                                     "SELECT max(r.version) FROM releases r JOIN "
                                     "machines m ON m.content = r.content AND r.stub = "
                                     "ifnull(m.stub, r.stub) WHERE m.id = ? AND r.state "
                                     "= 'published'",
                                     "s", json_string_value(id));
        TEXT_OWNED char *content =
            db_text(server->db, "SELECT content FROM machines WHERE id = ?", "s",
                    json_string_value(id));
        if (running == 0 || content == NULL)
            continue;
        action->release = json_integer_value(json_object_get(made, content));
        enum result result = RESULT_OK;
        if (action->release == 0)
            result = reissue_make(server, running, "manual", action->by, action->note,
                                  &action->release, problem);
        if (result == RESULT_OK)
            result = db_begin(server->db);
        if (result != RESULT_OK)
            return result;
        json_object_set_new(made, content, json_integer(action->release));
        order_machine(action, json_string_value(id), "pin");
        result = db_commit(server->db);
        if (result != RESULT_OK)
            return result;
    }
    return RESULT_OK;
}

/* The newest release that the hold kept back becomes the channel's. Within a transaction. */
static void ship_waiting(struct action *action)
{
    struct db *db = action->server->db;
    int64_t waiting = db_integer(
        db, 0,
        "SELECT max(version) FROM releases WHERE held_back = 1 AND state = "
        "'published' AND version > (SELECT release FROM channel WHERE name = ?)",
        "s", CHANNEL_NAME);
    if (waiting == 0)
        return;
    reissue_ship(action->server, waiting);
    action->release = waiting;
}

static enum result unhold_machines(struct action *action, struct problem *problem)
{
    struct server *server = action->server;
    struct db *db = server->db;
    int64_t newest = 0;
    enum result result = db_begin(db);
    if (result != RESULT_OK)
        return result;
    size_t i;
    json_t *id;
    json_array_foreach(action->ids, i, id)
    {
        int64_t ordered = db_integer(db, 0, "SELECT release FROM orders WHERE machine = ?",
                                     "s", json_string_value(id));
        newest = ordered > newest ? ordered : newest;
        orders_clear(server, json_string_value(id));
    }
    if (action->all) {
        hold_end(server);
        ship_waiting(action);
    }
    result = db_commit(db);
    int64_t channel = db_integer(db, 0, "SELECT release FROM channel WHERE name = ?", "s",
                                 CHANNEL_NAME);
    /* Machines never go back to a lower version: the channel's content gets a new one. */
    if (result == RESULT_OK && channel != 0 && newest > channel) {
        result = reissue_make(server, channel, "manual", action->by, action->note,
                              &action->release, problem);
        if (result == RESULT_OK)
            result = db_begin(db);
        if (result == RESULT_OK) {
            reissue_ship(server, action->release);
            result = db_commit(db);
        }
    }
    return result;
}

static enum result retry_machines(struct action *action)
{
    struct server *server = action->server;
    enum result result = db_begin(server->db);
    if (result != RESULT_OK)
        return result;
    size_t i;
    json_t *id;
    json_array_foreach(action->ids, i, id)
    {
        db_run(server->db, "DELETE FROM quarantine WHERE machine = ?", "s",
               json_string_value(id));
        commands_add(server, json_string_value(id), "retry", NULL, false, RETRY_LIFE_MS);
    }
    return db_commit(server->db);
}

/* In a lab the supervisor restarts the machine when it reads the event; elsewhere the machine is told. */
static enum result reboot_machines(struct action *action)
{
    struct server *server = action->server;
    size_t i;
    json_t *id;
    json_array_foreach(action->ids, i, id)
    {
        json_t *row = rows_machine(server, json_string_value(id));
        if (row == NULL)
            continue;
        JSON_OWNED json_t *intent = json_pack("{s:s, s:s?, s:I}", "by", action->by, "note",
                                              action->note, "since", clock_now_ms());
        TEXT_OWNED char *text = json_text(intent);
        db_run(server->db, "UPDATE machines SET reboot_json = ? WHERE id = ?", "ss", text,
               json_string_value(id));
        json_object_set_new(row, "reboot", json_true());
        events_publish(server->events, server->operators, "machine", row);
        if (!server->options.lab)
            commands_add(server, json_string_value(id), "reboot", NULL, true,
                         REBOOT_LIFE_MS);
    }
    return RESULT_OK;
}

static enum result carry_out(struct action *action, struct problem *problem)
{
    if (wants_target(action))
        return action->all && !is_kind(action, "pin") ? change_channel(action, problem)
                                                      : change_machines(action, problem);
    if (is_kind(action, "hold"))
        return hold_machines(action);
    if (is_kind(action, "pin"))
        return pin_machines(action, problem);
    if (is_kind(action, "unhold"))
        return unhold_machines(action, problem);
    if (is_kind(action, "retry"))
        return retry_machines(action);
    return reboot_machines(action);
}

static void note_audit(struct action *action, const json_t *body)
{
    TEXT_OWNED char *text = json_text(body);
    db_run(action->server->db,
           "INSERT INTO audit (time, by_name, action, detail) VALUES (?, ?, ?, ?)",
           "isss", clock_now_ms(), action->by, action->kind, text);
    log_info("action", "%s by %s: %s", action->kind, action->by, text);
}

static enum result read_action(struct action *action, const json_t *body,
                               struct problem *problem)
{
    enum result result =
        json_maybe_string(body, "note", NOTE_MAX, NULL, &action->note, problem);
    if (result == RESULT_OK)
        result = json_maybe_string(body, "to", 40, NULL, &action->to, problem);
    if (result == RESULT_OK)
        result = json_maybe_bool(body, "hold", true, &action->hold, problem);
    if (result == RESULT_OK)
        result = json_maybe_bool(body, "dry_run", false, &action->dry_run, problem);
    if (result == RESULT_OK && action->to == NULL &&
        (is_kind(action, "rollback") || is_kind(action, "deploy")))
        result = problem_set(problem, RESULT_INVALID, "bad-request", "\"to\" is needed");
    if (result == RESULT_OK && wants_target(action))
        result = action_target(action->server, action->to, &action->source, problem);
    if (result == RESULT_OK)
        result =
            action_machines(action->server, body, &action->all, &action->ids, problem);
    return result;
}

enum result action_run(struct server *server, const char *kind, const json_t *body,
                       const char *by, json_t **out_answer, struct problem *problem)
{
    struct action action = {.server = server, .kind = kind, .by = by};
    enum result result = read_action(&action, body, problem);
    if (result != RESULT_OK)
        return result;
    json_t *rows = make_rows(&action);
    if (!action.dry_run) {
        note_audit(&action, body);
        result = carry_out(&action, problem);
        if (db_in_transaction(server->db))
            db_rollback(server->db);
        if (result == RESULT_OK)
            result = notify_refresh(server, problem);
        if (result != RESULT_OK && problem->code[0] == '\0')
            problem_set(problem, result, "store", "it cannot be stored: %s",
                        result_name(result));
        machines_settle_all(server);
        rows_publish_status(server);
        pipeline_changed(server);
    }
    json_decref(action.ids);
    if (result != RESULT_OK) {
        json_decref(rows);
        return result;
    }
    *out_answer =
        json_pack("{s:o, s:b, s:b, s:o}", "release",
                  action.release == 0 ? json_null() : json_integer(action.release),
                  "hold", action.hold && is_kind(&action, "rollback"), "dry_run",
                  action.dry_run, "rows", rows);
    return RESULT_OK;
}
