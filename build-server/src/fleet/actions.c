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
#include "fleet/action_private.h"
#include "fleet/commands.h"
#include "fleet/hold.h"
#include "fleet/machines.h"
#include "fleet/orders.h"
#include "fleet/reissue.h"
#include "fleet/rows.h"
#include "pipeline/steps.h"

#include <manifest/manifest.h>
#include <stdlib.h>
#include <string.h>

#define NOTE_MAX 500
#define RETRY_LIFE_MS (24LL * 3600 * 1000)
#define REBOOT_LIFE_MS 60000

/* --- Doing it ----------------------------------------------------------------------------------- */

/* What the action wants goes out under a new version; sets under one each. */
static enum result make_release(struct action *action, const char *trigger,
                                struct problem *problem)
{
    enum result result = RESULT_OK;
    for (size_t i = 0; i < action->sets.count && result == RESULT_OK; i++) {
        struct set *set = &action->sets.set[i];
        result = set_release(action->server, set, action->cells,
                             set->consent != NULL ? set->consent : action->consent,
                             action->by, action->note, problem);
        action->release = set->release;
    }
    if (action->cells != NULL)
        return result;
    return reissue_make(action->server, action->source, action->consent, trigger,
                        action->by, action->note, &action->release, problem);
}

/* The channel goes to SOURCE's content, or to the set. */
static enum result change_channel(struct action *action, struct problem *problem)
{
    struct server *server = action->server;
    struct db *db = server->db;
    bool rollback = action_is(action, "rollback");
    int64_t bad = db_integer(db, 0, "SELECT release FROM channel WHERE name = ?", "s",
                             CHANNEL_NAME);
    TEXT_OWNED char *now =
        db_text(db, "SELECT content FROM releases WHERE version = ?", "i", bad);
    TEXT_OWNED char *content =
        db_text(db, "SELECT content FROM releases WHERE version = ?", "i", action->source);
    /* Consent is part of a release: machines that refused the one before hear of a new one. */
    bool same = action->cells == NULL && action->consent == NULL && !action->agrees &&
                db_integer(db, 0,
                           "SELECT a.content = b.content AND a.stub = b.stub FROM "
                           "releases a, releases b WHERE a.version = ? AND b.version = ?",
                           "ii", bad, action->source) == 1;
    enum result result = RESULT_OK;
    action->release = bad;
    if (!same)
        result = make_release(action, rollback ? "rollback" : "manual", problem);
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

/* Single machines go to SOURCE's content, by orders that share one re-issue; or each to the set on top of what it runs, unless
 * that has the cells already. */
static enum result change_machines(struct action *action, struct problem *problem)
{
    struct server *server = action->server;
    const char *intent = action_is(action, "pin")      ? "pin"
                         : action_is(action, "deploy") ? "deploy"
                         : action->hold                ? "rollback"
                                                       : "deploy";
    const char *trigger = action_is(action, "rollback") ? "rollback" : "manual";
    enum result result = make_release(action, trigger, problem);
    if (result == RESULT_OK)
        result = db_begin(server->db);
    if (result != RESULT_OK)
        return result;
    size_t i;
    json_t *id;
    json_array_foreach(action->ids, i, id)
    {
        const struct set *set = sets_of(&action->sets, json_string_value(id));
        if (action->cells != NULL && set == NULL)
            continue;
        if (set != NULL)
            action->release = set->release;
        order_machine(action, json_string_value(id), intent);
    }
    if (action->sets.count > 1)
        action->release = 0;
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
            result = reissue_make(server, running, NULL, "manual", action->by,
                                  action->note, &action->release, problem);
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
        result = reissue_make(server, channel, NULL, "manual", action->by, action->note,
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
        db_run(server->db, "UPDATE machines SET boots_json = '[]' WHERE id = ?", "s",
               json_string_value(id));
        server_alarm_clear(server, "cloned");
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
    if (action_wants_target(action))
        return action->all && !action_is(action, "pin") ? change_channel(action, problem)
                                                        : change_machines(action, problem);
    if (action_is(action, "hold"))
        return hold_machines(action);
    if (action_is(action, "pin"))
        return pin_machines(action, problem);
    if (action_is(action, "unhold"))
        return unhold_machines(action, problem);
    if (action_is(action, "retry"))
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

bool action_is_consent(const char *name)
{
    const char *colon = name == NULL ? NULL : strchr(name, ':');
    if (colon == NULL || colon == name || colon[1] == '\0' ||
        strlen(name) > MANIFEST_CONSENT_LEN_MAX)
        return false;
    for (; *name != '\0'; name++)
        if (*name <= ' ' || *name > '~' || *name == ',')
            return false;
    return true;
}

static enum result read_consent(struct action *action, const json_t *body,
                                struct problem *problem)
{
    const json_t *list = json_object_get(body, "consent");
    if (list == NULL)
        return RESULT_OK;
    if (!action_is(action, "deploy") && !action_is(action, "rollback"))
        return problem_set(problem, RESULT_INVALID, "bad-request",
                           "only deploy and rollback take \"consent\"");
    const char *first = json_string_value(json_array_get(list, 0));
    if (first != NULL && strcmp(first, "all") == 0 && json_array_size(list) == 1) {
        action->agrees = true;
        return RESULT_OK;
    }
    bool valid = json_is_array(list) && json_array_size(list) > 0 &&
                 json_array_size(list) <= MANIFEST_CONSENT_MAX;
    for (size_t i = 0; valid && i < json_array_size(list); i++)
        valid = action_is_consent(json_string_value(json_array_get(list, i)));
    if (!valid)
        return problem_set(problem, RESULT_INVALID, "bad-request",
                           "\"consent\" lists what may be lost, as the refusal names it: "
                           "CELL:OBJECT, at most %d of them; or \"all\" alone, which is "
                           "what the dry run names",
                           MANIFEST_CONSENT_MAX);
    action->consent = json_copy((json_t *)list);
    return RESULT_OK;
}

/* What SET would lose is agreed to here, for the rows name single machines. Who agrees to all agrees to what is foreseen for
 * each version, not to what another one would lose. */
static enum result agree_to_set(struct action *action, struct set *set,
                                struct problem *problem)
{
    json_t *lost = json_array();
    const json_t *refusal = action_refusal(action, set->losses, lost);
    if (action->agrees && !action->all)
        set->consent = json_incref(lost);
    json_decref(lost);
    return refusal == NULL ? RESULT_OK : set_refused(set, action->cells, refusal, problem);
}

static enum result read_sets(struct action *action, struct problem *problem)
{
    enum result result = sets_plan(action->server, action->ids, action->all,
                                   action->source, action->cells, &action->sets, problem);
    for (size_t i = 0; i < action->sets.count && result == RESULT_OK; i++)
        result = agree_to_set(action, &action->sets.set[i], problem);
    return result;
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
        (action_is(action, "rollback") || action_is(action, "deploy")))
        result = problem_set(problem, RESULT_INVALID, "bad-request", "\"to\" is needed");
    if (result == RESULT_OK && action_wants_target(action))
        result = action_target(action->server, action->to, &action->source, problem);
    if (result == RESULT_OK)
        result =
            action_machines(action->server, body, &action->all, &action->ids, problem);
    if (result == RESULT_OK)
        result = read_consent(action, body, problem);
    action->cells = json_object_get(body, "cells");
    if (result == RESULT_OK && action->cells != NULL && !action_is(action, "deploy"))
        result = problem_set(problem, RESULT_INVALID, "bad-request",
                             "only a deploy takes \"cells\"");
    if (result == RESULT_OK && action->cells != NULL)
        result = read_sets(action, problem);
    return result;
}

static void action_fini(struct action *action)
{
    json_decref(action->ids);
    json_decref(action->consent);
    sets_fini(&action->sets);
}

/* GIVES what each version gets: [{base, release, machines, cells}]. */
static json_t *sets_json(const struct sets *sets)
{
    json_t *list = json_array();
    for (size_t i = 0; i < sets->count; i++) {
        const struct set *set = &sets->set[i];
        json_array_append_new(
            list, json_pack("{s:I, s:o, s:O, s:O}", "base", set->base, "release",
                            set->release == 0 ? json_null() : json_integer(set->release),
                            "machines", set->machines, "cells", set->changed));
    }
    return list;
}

enum result action_run(struct server *server, const char *kind, const json_t *body,
                       const char *by, json_t **out_answer, struct problem *problem)
{
    __attribute__((cleanup(action_fini))) struct action action = {
        .server = server, .kind = kind, .by = by};
    enum result result = read_action(&action, body, problem);
    if (result != RESULT_OK)
        return result;
    json_t *rows = action_rows(&action);
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
    if (result != RESULT_OK) {
        json_decref(rows);
        return result;
    }
    *out_answer =
        json_pack("{s:o, s:b, s:b, s:o}", "release",
                  action.release == 0 ? json_null() : json_integer(action.release),
                  "hold", action.hold && action_is(&action, "rollback"), "dry_run",
                  action.dry_run, "rows", rows);
    if (action.cells != NULL)
        json_object_set_new(*out_answer, "sets", sets_json(&action.sets));
    return RESULT_OK;
}
