/* Waiting states end: attempts that are not heard of again, machines that fall silent.
 * SPDX-License-Identifier: MIT */
#include "fleet/attempts.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "fleet/machines.h"
#include "fleet/rows.h"
#include "fleet/trim.h"

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

/* True when one of the attempts that were open had come from CONTENT: the boot took it back. */
static bool end_open(struct server *server, const char *machine, const char *boot_id,
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
    bool taken_back = false;
    size_t i;
    json_t *item;
    json_array_foreach(ids, i, item)
    {
        bool back = json_is_true(json_array_get(item, 1));
        taken_back = taken_back || back;
        end_attempt(server, json_integer_value(json_array_get(item, 0)),
                    back ? "reverted" : "lost", "rebooted",
                    "the machine booted again before the attempt was permanent");
    }
    return taken_back;
}

/* The boot led to another content or boot stub than what ran: a row that says so. REBOOT: the operator's intent, or NULL. */
static void add_boot_row(struct server *server, const char *machine, const char *boot_id,
                         const char *content, const struct attempts_before *before,
                         const json_t *reboot)
{
    const char *by = json_string_value(json_object_get(reboot, "by"));
    int64_t now = clock_now_ms();
    db_run(
        server->db,
        "INSERT INTO history (machine, time, finished, release, from_commit, "
        "to_commit, from_content, to_content, trigger_kind, by_kind, by_name, note, "
        "result, boot_id, attempt, from_release, effects_json) SELECT id, ?1, ?1, "
        "release, ?2, commit_id, ?3, content, ?4, ?5, ifnull(?6, name), ?7, "
        "'permanent', ?8, 0, nullif(?9, 0), '{\"boot\":true}' FROM machines WHERE id = "
        "?10",
        "isssssssis", now, before->commit, before->content,
        by == NULL ? "catchup" : "manual", by == NULL ? "machine" : "operator", by,
        json_string_value(json_object_get(reboot, "note")), boot_id, before->release,
        machine);
    int64_t id = db_last_id(server->db);
    attempts_add_cells(server, id, before->content, content);
    history_trim(server, machine);
    rows_publish_attempt(server, id);
}

static bool differ(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) != 0;
}

void attempts_after_boot(struct server *server, const char *machine, const char *boot_id,
                         const char *content, const char *stub,
                         const struct attempts_before *before)
{
    TEXT_OWNED char *intent =
        db_text(server->db, "SELECT reboot_json FROM machines WHERE id = ?", "s", machine);
    JSON_OWNED json_t *reboot = json_stored(intent);
    db_run(server->db, "UPDATE machines SET reboot_json = NULL WHERE id = ?", "s",
           machine);
    bool taken_back = end_open(server, machine, boot_id, content);
    if (content == NULL || before->content == NULL ||
        (!differ(content, before->content) && !differ(stub, before->stub)))
        return;
    /* What is booted is not kept away any more; a boot into what was tried says nothing about it. */
    db_run(server->db, "DELETE FROM quarantine WHERE machine = ? AND content = ?", "ss",
           machine, content);
    if (!taken_back)
        add_boot_row(server, machine, boot_id, content, before, reboot);
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
