/* The state of a machine, decided from what is stored.
 * SPDX-License-Identifier: MIT */
#include "fleet/machines.h"

#include "base/clock.h"
#include "base/text.h"
#include "fleet/forecast.h"
#include "fleet/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *machine_desired(struct server *server, const char *id, int64_t *out_release)
{
    DB_ROWS_OWNED struct db_rows *rows =
        db_query(server->db,
                 "SELECT w.version, CASE WHEN o.intent = 'hold' THEN m.content ELSE "
                 "w.content END FROM machines m "
                 "LEFT JOIN orders o ON o.machine = m.id LEFT JOIN releases w ON "
                 "w.version = CASE WHEN o.intent "
                 "= 'hold' THEN m.release WHEN o.machine IS NOT NULL THEN o.release ELSE "
                 "(SELECT release FROM "
                 "channel WHERE name = m.channel) END WHERE m.id = ?",
                 "s", id);
    if (!db_next(rows))
        return NULL;
    *out_release = row_integer(rows, 0);
    const char *content = row_text(rows, 1);
    return content == NULL ? NULL : strdup(content);
}

struct facts {
    char state[16];
    char said[16];
    bool polled;
    int64_t last_contact;
    char content[65];
    bool on_its_way; /* it fetches, and its time is not over */
    char order[16];
    char order_by[128];
    char attempt[16]; /* result of the newest attempt when it is open */
};

static bool load_facts(struct server *server, const char *id, struct facts *out)
{
    memset(out, 0, sizeof *out);
    DB_ROWS_OWNED struct db_rows *rows =
        db_query(server->db,
                 "SELECT m.state, m.said_state, m.boot_id IS NOT NULL, m.last_contact, "
                 "m.content, "
                 "ifnull(m.attempt_deadline, 0), o.intent, o.by_name, (SELECT h.result "
                 "FROM history h WHERE "
                 "h.machine = m.id AND h.boot_id IS m.boot_id AND h.cause IS NULL ORDER "
                 "BY h.id DESC LIMIT 1) "
                 "FROM machines m LEFT JOIN orders o ON o.machine = m.id WHERE m.id = ?",
                 "s", id);
    if (!db_next(rows))
        return false;
    text_copy(out->state, sizeof out->state, row_text(rows, 0));
    text_copy(out->said, sizeof out->said, row_text(rows, 1));
    out->polled = row_integer(rows, 2) == 1;
    out->last_contact = row_integer(rows, 3);
    text_copy(out->content, sizeof out->content, row_text(rows, 4));
    out->on_its_way = row_integer(rows, 5) > clock_now_ms();
    text_copy(out->order, sizeof out->order, row_text(rows, 6));
    text_copy(out->order_by, sizeof out->order_by, row_text(rows, 7));
    text_copy(out->attempt, sizeof out->attempt, row_text(rows, 8));
    return true;
}

static json_t *reason(const char *code, const char *text)
{
    return json_pack("{s:s, s:o}", "code", code, "text", json_text_or_null(text));
}

/* Why DESIRED is not tried again on this machine: gives the state, and the reason. */
static const char *quarantined(struct server *server, const char *id, const char *desired,
                               json_t **out_reason)
{
    DB_ROWS_OWNED struct db_rows *rows = db_query(
        server->db,
        "SELECT reason_json, result FROM quarantine WHERE machine = ? AND content = ?",
        "ss", id, desired);
    if (!db_next(rows))
        return NULL;
    *out_reason = json_stored(row_text(rows, 0));
    return strcmp(row_text(rows, 1), "refused") == 0 ? "blocked" : "reverted";
}

static const char *held_state(const struct facts *facts, json_t **out_reason)
{
    if (facts->order[0] == '\0' || strcmp(facts->order, "deploy") == 0)
        return "running";
    char text[256];
    bool pin = strcmp(facts->order, "pin") == 0;
    snprintf(text, sizeof text, "%s by %s; `neurath unhold` ends it",
             pin ? "pinned" : "held", facts->order_by);
    *out_reason = reason(pin ? "pinned" : "held", text);
    return "held";
}

static const char *decide(struct server *server, const char *id,
                          const struct facts *facts, json_t **out_reason)
{
    if (!facts->polled)
        return "enrolling";
    if (clock_now_ms() - facts->last_contact >= MACHINE_SILENT_MS) {
        *out_reason = reason("silent", "it has not been heard of for more than a minute");
        return "silent";
    }
    if (strcmp(facts->attempt, "trial") == 0)
        return "trial";
    if (strcmp(facts->attempt, "running") == 0)
        return "updating";
    int64_t release = 0;
    TEXT_OWNED char *desired = machine_desired(server, id, &release);
    bool stays = strcmp(facts->order, "hold") == 0; /* with its stub, whatever it is */
    bool other_stub = !stays && forecast_stub_differs(server, id, release);
    if (desired == NULL || (strcmp(desired, facts->content) == 0 && !other_stub))
        return held_state(facts, out_reason);
    if (other_stub) {
        *out_reason = reason(
            "needs_boot",
            "the desired release has another boot stub; `neurath reboot` boots it");
        return "blocked";
    }
    const char *state = quarantined(server, id, desired, out_reason);
    if (state != NULL)
        return state;
    if (strcmp(facts->said, "blocked") == 0) {
        *out_reason =
            reason("machine", "the machine says that it cannot take the desired release");
        return "blocked";
    }
    return facts->on_its_way ? "updating" : "behind";
}

void machine_settle(struct server *server, const char *id, bool always)
{
    struct facts facts;
    if (!load_facts(server, id, &facts))
        return;
    JSON_OWNED json_t *why = NULL;
    const char *state = decide(server, id, &facts, &why);
    TEXT_OWNED char *text = why == NULL || json_is_null(why) ? NULL : json_text(why);
    TEXT_OWNED char *before =
        db_text(server->db, "SELECT reason_json FROM machines WHERE id = ?", "s", id);
    bool same_reason =
        (text == NULL) == (before == NULL) && (text == NULL || strcmp(text, before) == 0);
    bool same = strcmp(state, facts.state) == 0 && same_reason;
    if (!same)
        db_run(server->db, "UPDATE machines SET state = ?, reason_json = ? WHERE id = ?",
               "sss", state, text, id);
    if (!same || always)
        rows_publish_machine(server, id);
}

void machines_settle_all(struct server *server)
{
    json_t *ids = json_array();
    DB_ROWS_OWNED struct db_rows *rows =
        db_query(server->db, "SELECT id FROM machines", "");
    while (db_next(rows))
        json_array_append_new(ids, json_string(row_text(rows, 0)));
    db_rows_release(&rows);
    bool own = !db_in_transaction(server->db) && db_begin(server->db) == RESULT_OK;
    size_t i;
    json_t *id;
    json_array_foreach(ids, i, id)
    {
        machine_settle(server, json_string_value(id), true);
    }
    if (own && db_commit(server->db) != RESULT_OK)
        server_alarm(server, "database", "the database cannot be written");
    json_decref(ids);
}
