/* What an action would do, machine by machine.
 * SPDX-License-Identifier: MIT */
#include "fleet/action_private.h"

#include "base/text.h"
#include "fleet/forecast.h"

#include <manifest/manifest.h>
#include <stdio.h>
#include <stdlib.h>

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

/* GIVES the name of what REFUSAL would lose, or NULL: it is about something else. */
static json_t *name_of_loss(const json_t *refusal)
{
    const char *code = json_string_value(json_object_get(refusal, "code"));
    if (code == NULL || strcmp(code, "consent") != 0)
        return NULL;
    json_t *name =
        json_sprintf("%s:%s", json_string_value(json_object_get(refusal, "cell")),
                     json_string_value(json_object_get(refusal, "symbol")));
    if (action_is_consent(json_string_value(name)))
        return name;
    json_decref(name);
    return NULL;
}

/* Says whether the action agrees to the loss. */
static bool agrees(struct action *action, json_t *name)
{
    for (size_t i = 0; i < json_array_size(action->consent); i++)
        if (json_equal(json_array_get(action->consent, i), name))
            return true;
    if (!action->agrees || json_array_size(action->consent) >= MANIFEST_CONSENT_MAX)
        return false;
    if (action->consent == NULL)
        action->consent = json_array();
    return json_array_append(action->consent, name) == 0;
}

json_t *action_refusal(struct action *action, const json_t *refusals, json_t *lost)
{
    for (size_t i = 0; i < json_array_size(refusals); i++) {
        json_t *refusal = json_array_get(refusals, i);
        JSON_OWNED json_t *name = name_of_loss(refusal);
        if (name == NULL || !agrees(action, name))
            return refusal;
        json_array_append(lost, name);
    }
    return NULL;
}

/* GIVES the reason of a row whose machine gets there, but not with all that it has; NULL: nothing is lost. */
static json_t *losses(const json_t *lost)
{
    char text[600] = "";
    size_t len = 0;
    for (size_t i = 0; i < json_array_size(lost) && len < sizeof text - 1; i++) {
        int more = snprintf(text + len, sizeof text - len, "%s%s", i == 0 ? "" : ", ",
                            json_string_value(json_array_get(lost, i)));
        len += more < 0 ? 0 : (size_t)more;
    }
    if (len == 0)
        return NULL;
    return json_pack(
        "{s:s, s:o}", "code", "consent", "text",
        json_sprintf("live data that the target does not know of is lost: %s", text));
}

/* A machine on its way to RELEASE, or to SET (NULL: none). */
static json_t *forecast_row(struct action *action, const char *id, int64_t release,
                            const struct set *set)
{
    struct problem problem = {"", ""};
    JSON_OWNED json_t *made = set == NULL
                                  ? forecast(action->server, id, release, &problem)
                                  : set_forecast(action->server, set, id, &problem);
    if (made == NULL)
        return make_row(action, id, "blocked", simple_reason("unknown", problem.text),
                        NULL);
    json_t *cells = json_incref(json_object_get(made, "cells"));
    JSON_OWNED json_t *lost = json_array();
    json_t *refusal = action_refusal(action, json_object_get(made, "refusals"), lost);
    if (json_array_size(json_object_get(made, "needs_boot")) > 0)
        return make_row(
            action, id, "boot",
            simple_reason("needs_boot", "it has another boot stub: a boot is needed"),
            cells);
    if (refusal != NULL)
        return make_row(action, id, "blocked", json_incref(refusal), cells);
    TEXT_OWNED char *state =
        db_text(action->server->db, "SELECT state FROM machines WHERE id = ?", "s", id);
    if (state != NULL && strcmp(state, "silent") == 0)
        return make_row(
            action, id, "wait",
            simple_reason("silent", "it is silent: it follows when it is heard of again"),
            cells);
    return make_row(action, id, "swap", losses(lost), cells);
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
    const struct set *set = sets_of(&action->sets, id);
    if (action->cells != NULL && set == NULL)
        return make_row(action, id, "nothing",
                        simple_reason("same-cells", "it has these cells already"), NULL);
    TEXT_OWNED char *target =
        set != NULL ? strdup(set->cells.content)
                    : db_text(db, "SELECT content FROM releases WHERE version = ?", "i",
                              action->source);
    if (content == NULL)
        return make_row(action, id, "wait",
                        simple_reason("unknown", "what it runs is not known yet"), NULL);
    if (target != NULL && strcmp(content, target) == 0 &&
        !forecast_stub_differs(action->server, id,
                               set != NULL ? set->base : action->source))
        return make_row(action, id, "nothing", NULL, NULL);
    return forecast_row(action, id, action->source, set);
}

/* Without a target of their own: hold, unhold, pin to what runs, retry, reboot. */
static json_t *plain_row(struct action *action, const char *id)
{
    struct db *db = action->server->db;
    if (action_is(action, "reboot"))
        return make_row(action, id, "boot", NULL, NULL);
    if (action_is(action, "retry")) {
        bool any = db_integer(db, 0, "SELECT count(*) FROM quarantine WHERE machine = ?",
                              "s", id) > 0;
        return make_row(action, id, any ? "swap" : "nothing", NULL, NULL);
    }
    if (!action_is(action, "unhold"))
        return make_row(action, id, "nothing", NULL, NULL);
    int64_t away = db_integer(
        db, 0,
        "SELECT r.version FROM channel c JOIN releases r ON r.version = c.release, "
        "machines m WHERE m.id = ? AND (m.content != r.content OR m.stub != r.stub)",
        "s", id);
    return away == 0 ? make_row(action, id, "nothing", NULL, NULL)
                     : forecast_row(action, id, away, NULL);
}

json_t *action_rows(struct action *action)
{
    json_t *rows = json_array();
    size_t i;
    json_t *id;
    json_array_foreach(action->ids, i, id)
    {
        const char *text = json_string_value(id);
        json_array_append_new(rows, action_wants_target(action) ? target_row(action, text)
                                                                : plain_row(action, text));
    }
    return rows;
}
