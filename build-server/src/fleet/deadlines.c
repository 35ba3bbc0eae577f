/* Waiting states end: attempts that are not heard of again, machines that fall silent.
 * SPDX-License-Identifier: MIT */
#include "fleet/attempts.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "fleet/machines.h"
#include "fleet/rows.h"

#include <string.h>

static void end_attempt(struct server *server, int64_t id, const char *result,
                        const char *code, const char *text)
{
    JSON_OWNED json_t *reason =
        json_pack("{s:s, s:s, s:n, s:n}", "code", code, "text", text, "cell", "symbol");
    TEXT_OWNED char *reason_text = json_text(reason);
    db_run(
        server->db, "UPDATE history SET result = ?, reason_json = ?, finished = ?, deadline = NULL WHERE id = ?",
        "ssii", result, reason_text, clock_now_ms(), id);
    rows_publish_attempt(server, id);
}

void attempts_after_boot(struct server *server, const char *machine, const char *boot_id,
                         const char *content)
{
    JSON_OWNED json_t *ids = json_array();
    DB_ROWS_OWNED struct db_rows *rows =
        db_query(server->db,
                 "SELECT id, from_content FROM history WHERE machine = ? AND boot_id != "
                 "? AND result IN "
                 "('running', 'trial')",
                 "ss", machine, boot_id);
    while (db_next(rows)) {
        bool back = content != NULL && row_text(rows, 1) != NULL &&
                    strcmp(content, row_text(rows, 1)) == 0;
        json_array_append_new(ids, json_pack("[I, b]", row_integer(rows, 0), back));
    }
    db_rows_release(&rows);
    size_t i;
    json_t *item;
    json_array_foreach(ids, i, item)
    {
        bool back = json_is_true(json_array_get(item, 1));
        end_attempt(server, json_integer_value(json_array_get(item, 0)),
                    back ? "reverted" : "lost", "rebooted",
                    "the machine booted again before the attempt was permanent");
    }
}

static void expire_attempts(struct server *server, int64_t now)
{
    JSON_OWNED json_t *ids = json_array();
    DB_ROWS_OWNED struct db_rows *rows = db_query(
        server->db,
        "SELECT id, machine FROM history WHERE deadline IS NOT NULL AND deadline <= ?",
        "i", now);
    while (db_next(rows))
        json_array_append_new(
            ids, json_pack("[I, s]", row_integer(rows, 0), row_text(rows, 1)));
    db_rows_release(&rows);
    size_t i;
    json_t *item;
    json_array_foreach(ids, i, item)
    {
        end_attempt(
            server, json_integer_value(json_array_get(item, 0)), "lost", "lost",
            "the machine has not told how it ended; a late report is still taken");
        machine_settle(server, json_string_value(json_array_get(item, 1)), true);
    }
}

/* Machines whose stored state is out of date because time passed. */
static void settle_late(struct server *server, int64_t now)
{
    JSON_OWNED json_t *ids = json_array();
    DB_ROWS_OWNED struct db_rows *rows =
        db_query(server->db,
                 "SELECT id FROM machines WHERE boot_id IS NOT NULL AND ((state != "
                 "'silent' AND last_contact <= ?) "
                 "OR (state = 'updating' AND attempt_deadline <= ?))",
                 "ii", now - MACHINE_SILENT_MS, now);
    while (db_next(rows))
        json_array_append_new(ids, json_string(row_text(rows, 0)));
    db_rows_release(&rows);
    size_t i;
    json_t *id;
    json_array_foreach(ids, i, id)
    {
        db_run(server->db,
               "UPDATE machines SET attempt_deadline = NULL WHERE id = ? AND "
               "attempt_deadline "
               "<= ?",
               "si", json_string_value(id), now);
        machine_settle(server, json_string_value(id), false);
    }
}

int64_t attempts_expire(struct server *server)
{
    int64_t now = clock_now_ms();
    expire_attempts(server, now);
    settle_late(server, now);
    int64_t next = db_integer(server->db, INT64_MAX,
                              "SELECT min(deadline) FROM history WHERE deadline IS "
                              "NOT NULL",
                              "");
    int64_t contact = db_integer(
        server->db,
        INT64_MAX, "SELECT min(last_contact) FROM machines WHERE state != 'silent' AND boot_id IS NOT NULL",
        "");
    int64_t fetch = db_integer(
        server->db, INT64_MAX,
        "SELECT min(attempt_deadline) FROM machines WHERE state = 'updating'", "");
    if (contact != INT64_MAX && contact + MACHINE_SILENT_MS < next)
        next = contact + MACHINE_SILENT_MS;
    return fetch < next ? fetch : next;
}
