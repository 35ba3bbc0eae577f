/* Reports become rows of history.
 * SPDX-License-Identifier: MIT */
#include "fleet/attempts.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "fleet/machines.h"
#include "fleet/report.h"
#include "fleet/rows.h"
#include "fleet/trim.h"
#include "pipeline/cells.h"

#include <manifest/manifest.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Why the machine tried: the release's own trigger, or `catchup` when it had missed releases: the one before is neither
 * what it comes from nor one that it tried, and refused or gave back. */
static void add_row(struct server *server, const struct report *attempt)
{
    DB_ROWS_OWNED struct db_rows *rows =
        db_query(server->db,
                 "SELECT r.trigger_kind, r.by_kind, r.by_name, r.note, r.content, "
                 "(SELECT b.content FROM releases "
                 "b WHERE b.version = r.before AND NOT EXISTS (SELECT 1 FROM history h "
                 "WHERE h.machine = ?2 AND h.release = b.version)) FROM releases r WHERE "
                 "r.version = ?1",
                 "is", attempt->release, attempt->machine);
    bool known = db_next(rows);
    const char *trigger = known ? row_text(rows, 0) : "manual";
    const char *before = known ? row_text(rows, 5) : NULL;
    if (strcmp(trigger, "push") == 0 && before != NULL && attempt->from_content != NULL &&
        strcmp(before, attempt->from_content) != 0)
        trigger = "catchup";
    int64_t now = clock_now_ms();
    db_run(server->db,
           "INSERT INTO history (machine, time, release, from_commit, to_commit, "
           "from_content, "
           "to_content, trigger_kind, by_kind, by_name, note, result, boot_id, attempt, "
           "from_release) VALUES (?, ?, "
           "nullif(?, 0), ?, ?, ?, ?, ?, ?, ?, ?, 'running', ?, ?, nullif(?, 0))",
           "siisssssssssii", attempt->machine, now, attempt->release,
           attempt->from_commit, attempt->to_commit, attempt->from_content,
           known ? row_text(rows, 4) : NULL, trigger, known ? row_text(rows, 1) : "server",
           known ? row_text(rows, 2) : "unknown", known ? row_text(rows, 3) : NULL,
           attempt->boot_id, attempt->number, attempt->from_release);
}

static void set_cells(struct server *server, int64_t id, const json_t *cells)
{
    db_run(server->db, "DELETE FROM history_cells WHERE history = ?", "i", id);
    size_t i;
    json_t *cell;
    json_array_foreach((json_t *)cells, i, cell)
    {
        const char *name = json_string_value(json_object_get(cell, "name"));
        if (!text_is_name(name, MANIFEST_NAME_MAX))
            continue;
        db_run(server->db,
               "INSERT OR IGNORE INTO history_cells (history, name, old, new, class) "
               "VALUES (?, ?, ?, "
               "?, ?)",
               "issss", id, name, report_hex(cell, "old", 64),
               report_hex(cell, "new", 64), report_class(cell));
    }
}

/* The release that a machine is back on: the one that it said it came from; without a word, the newest older one with
 * the same content. */
#define RELEASE_BEFORE                                                                   \
    "ifnull((SELECT b.version FROM releases b WHERE b.version = h.from_release AND "     \
    "b.content = h.from_content), (SELECT max(b.version) FROM releases b WHERE "         \
    "b.content = h.from_content AND b.version < ifnull(h.release, 0)))"

/* Invariant 3: the row that tells of the way back. */
static void add_revert_row(struct server *server, int64_t id)
{
    db_run(server->db,
           "INSERT INTO history (machine, time, finished, release, from_commit, "
           "to_commit, from_content, "
           "to_content, trigger_kind, by_kind, by_name, result, pause_ns, reason_json, "
           "cause, boot_id, "
           "attempt) SELECT h.machine, ?1, ?1, " RELEASE_BEFORE
           ", h.to_commit, h.from_commit, h.to_content, "
           "h.from_content, 'revert', 'machine', m.name, 'permanent', NULL, "
           "h.reason_json, h.id, "
           "h.boot_id, h.attempt FROM history h JOIN machines m ON m.id = h.machine "
           "WHERE h.id = ?2 AND "
           "NOT EXISTS (SELECT 1 FROM history x WHERE x.cause = h.id)",
           "ii", clock_now_ms(), id);
    if (db_changes(server->db) == 0)
        return;
    int64_t revert = db_last_id(server->db);
    db_run(server->db,
           "INSERT INTO history_cells (history, name, old, new, class) SELECT ?, name, "
           "new, old, CASE "
           "class WHEN 'add' THEN 'remove' WHEN 'remove' THEN 'add' ELSE class END FROM "
           "history_cells "
           "WHERE history = ?",
           "ii", revert, id);
    rows_publish_attempt(server, revert);
}

/* What follows from RESULT for the machine: content, quarantine, the row of the way back. */
static void follow_up(struct server *server, int64_t id, const struct report *attempt)
{
    const char *result = attempt->result;
    bool arrived = strcmp(result, "trial") == 0 || strcmp(result, "permanent") == 0;
    bool back = strcmp(result, "reverted") == 0 || strcmp(result, "inconclusive") == 0;
    if (arrived)
        db_run(server->db,
               "UPDATE machines SET release = h.release, commit_id = h.to_commit, "
               "content = h.to_content "
               "FROM history h WHERE h.id = ? AND machines.id = h.machine AND "
               "h.to_content IS NOT NULL",
               "i", id);
    if (arrived)
        db_run(server->db,
               "DELETE FROM quarantine WHERE machine = ? AND content = (SELECT "
               "to_content FROM history "
               "WHERE id = ?)",
               "si", attempt->machine, id);
    if (back)
        db_run(server->db,
               "UPDATE machines SET release = " RELEASE_BEFORE
               ", commit_id = h.from_commit, content = "
               "h.from_content FROM history h WHERE h.id = ? AND machines.id = h.machine "
               "AND h.from_content IS NOT NULL",
               "i", id);
    if (strcmp(result, "reverted") == 0 || strcmp(result, "refused") == 0 ||
        strcmp(result, "failed") == 0)
        db_run(server->db,
               "INSERT INTO quarantine (machine, content, since, result, reason_json) "
               "SELECT machine, "
               "to_content, ?, result, reason_json FROM history WHERE id = ? AND "
               "to_content IS NOT NULL AND ifnull(reason_json ->> 'code', '') != "
               "'needs_boot' ON "
               "CONFLICT DO UPDATE SET since = excluded.since, result = excluded.result, "
               "reason_json = "
               "excluded.reason_json WHERE ifnull(excluded.reason_json ->> 'code', '') "
               "!= 'quarantined'",
               "ii", clock_now_ms(), id);
    if (back)
        add_revert_row(server, id);
    if (attempt->pause_ns >= 0)
        db_run(server->db, "UPDATE machines SET last_pause = ? WHERE id = ?", "is",
               attempt->pause_ns, attempt->machine);
}

void attempts_add_cells(struct server *server, int64_t id, const char *from,
                        const char *to)
{
    CELL_SET_OWNED old = {0};
    CELL_SET_OWNED fresh = {0};
    if (cell_set_load(server->db, from, &old) != RESULT_OK ||
        cell_set_load(server->db, to, &fresh) != RESULT_OK)
        return;
    JSON_OWNED json_t *changed = cell_set_difference(&old, &fresh);
    size_t i;
    json_t *cell;
    json_array_foreach(changed, i, cell)
    {
        db_run(server->db,
               "INSERT INTO history_cells (history, name, old, new, class) VALUES (?, ?, "
               "?, ?, ?)",
               "issss", id, json_string_value(json_object_get(cell, "name")),
               json_string_value(json_object_get(cell, "old")),
               json_string_value(json_object_get(cell, "new")),
               json_string_value(json_object_get(cell, "class")));
    }
}

/* What a machine tried when it went down it cannot tell cell by cell: it knows the release. */
static void cells_after_restart(struct server *server, int64_t id)
{
    DB_ROWS_OWNED struct db_rows *rows =
        db_query(server->db,
                 "SELECT from_content, to_content FROM history WHERE id = ? AND "
                 "from_content IS NOT NULL AND to_content IS NOT NULL AND NOT EXISTS "
                 "(SELECT 1 FROM history_cells c WHERE c.history = history.id)",
                 "i", id);
    if (db_next(rows))
        attempts_add_cells(server, id, row_text(rows, 0), row_text(rows, 1));
}

static void store_attempt(struct server *server, const struct report *attempt)
{
    static const char find[] =
        "SELECT id FROM history WHERE machine = ? AND boot_id = ? AND attempt = ? "
        "AND cause IS NULL";
    int64_t id = db_integer(server->db, 0, find, "ssi", attempt->machine,
                            attempt->boot_id, attempt->number);
    if (id == 0) {
        add_row(server, attempt);
        id = db_last_id(server->db);
    }
    TEXT_OWNED char *before =
        db_text(server->db, "SELECT result FROM history WHERE id = ?", "i", id);
    bool final = !report_is_open(before) && strcmp(before, "lost") != 0;
    if (final || (strcmp(before, "trial") == 0 && strcmp(attempt->result, "running") == 0))
        return;
    bool open = report_is_open(attempt->result);
    int64_t now = clock_now_ms();
    db_run(server->db,
           "UPDATE history SET result = ?, stage_json = ?, effects_json = ?, bytes = ?, "
           "reason_json = ?, pause_ns = CASE "
           "WHEN ? >= 0 THEN ? ELSE pause_ns END, finished = CASE WHEN ? THEN NULL ELSE "
           "? END, deadline "
           "= CASE WHEN ? THEN ? END WHERE id = ?",
           "sssisiiiiiii", attempt->result, attempt->stages, attempt->effects,
           attempt->bytes, attempt->reason, attempt->pause_ns, attempt->pause_ns,
           (int64_t)open, now, (int64_t)open, now + ATTEMPT_DEADLINE_MS, id);
    if (json_is_array(attempt->cells))
        set_cells(server, id, attempt->cells);
    if (attempt->after_restart)
        cells_after_restart(server, id);
    follow_up(server, id, attempt);
    rows_publish_attempt(server, id);
    log_info("fleet", "machine %s: release %lld %s", attempt->machine,
             (long long)attempt->release, attempt->result);
}

/* A restart cut an attempt short; its end is told by the next boot, of the row that is there. What the service itself
 * concluded from the boot (`rebooted`) gives way to what the machine knows. Who went down before it could say that it had
 * begun has no row yet. */
static void end_after_restart(struct server *server, const struct report *attempt)
{
    int64_t id = db_integer(
        server->db, 0,
        "SELECT id FROM history WHERE machine = ? AND release = ? AND boot_id != ? AND "
        "cause IS NULL ORDER BY id DESC LIMIT 1",
        "sis", attempt->machine, attempt->release, attempt->boot_id);
    if (id == 0) {
        store_attempt(server, attempt);
        return;
    }
    db_run(server->db,
           "UPDATE history SET result = ?, reason_json = ?, finished = ?, deadline = "
           "NULL WHERE id = ? AND "
           "(result IN ('running', 'trial', 'lost') OR ifnull(reason_json ->> 'code', "
           "'') = 'rebooted')",
           "ssii", attempt->result, attempt->reason, clock_now_ms(), id);
    if (db_changes(server->db) == 0)
        return;
    cells_after_restart(server, id);
    follow_up(server, id, attempt);
    rows_publish_attempt(server, id);
    log_info("fleet", "machine %s: release %lld %s, told after a restart",
             attempt->machine, (long long)attempt->release, attempt->result);
}

static enum result report_attempt(struct server *server, const char *machine,
                                  const char *boot_id, const json_t *body,
                                  struct problem *problem)
{
    struct report attempt;
    enum result result = report_read(body, &attempt, problem);
    attempt.machine = machine;
    attempt.boot_id = boot_id;
    if (result == RESULT_OK && attempt.after_restart)
        end_after_restart(server, &attempt);
    else if (result == RESULT_OK)
        store_attempt(server, &attempt);
    report_fini(&attempt);
    return result;
}

static enum result report_blob(struct server *server, const char *machine,
                               const json_t *body, struct problem *problem)
{
    const char *blob;
    enum result result = json_take_string(body, "blob", 262144, &blob, problem);
    if (result == RESULT_OK)
        db_run(server->db, "UPDATE machines SET blob = ? WHERE id = ?", "ss", blob,
               machine);
    return result;
}

static void report_text(struct server *server, const char *machine, const char *boot_id,
                        const char *kind, const json_t *body)
{
    JSON_OWNED json_t *clean =
        json_text_or_null(json_string_value(json_object_get(body, "text")));
    const char *text = json_string_value(clean);
    if (text == NULL)
        return;
    db_run(
        server->db, "INSERT INTO machine_log (machine, time, boot_id, kind, text) VALUES (?, ?, ?, ?, ?)",
        "sisss", machine, clock_now_ms(), boot_id, kind, text);
    db_run(server->db,
           "DELETE FROM machine_log WHERE machine = ?1 AND id <= (SELECT id FROM "
           "machine_log WHERE machine "
           "= ?1 ORDER BY id DESC LIMIT 1 OFFSET 2000)",
           "s", machine);
}

static void store_plan(struct server *server, const char *machine, const json_t *body)
{
    JSON_OWNED json_t *clean = report_plan(body);
    TEXT_OWNED char *answer = json_text(clean);
    db_run(server->db,
           "UPDATE commands SET state = 'done', answer_json = ? WHERE id = ? AND machine "
           "= ? AND kind = "
           "'plan'",
           "sis", answer, (int64_t)json_integer_value(json_object_get(body, "command")),
           machine);
    http_wake(server->operators, machine);
}

static enum result take_report(struct server *server, const char *machine,
                               const char *boot_id, const char *kind, const json_t *body,
                               struct problem *problem)
{
    if (strcmp(kind, "attempt") == 0)
        return report_attempt(server, machine, boot_id, body, problem);
    if (strcmp(kind, "blob") == 0)
        return report_blob(server, machine, body, problem);
    if (strcmp(kind, "plan") == 0)
        store_plan(server, machine, body);
    else
        report_text(server, machine, boot_id, kind, body);
    return RESULT_OK;
}

/* Uptime and swaps stand beside the time of the last contact, so they move with it. A report that waited
 * on the machine may be older than its last poll: the counters of one boot only rise. */
static enum result note_contact(struct server *server, const char *machine,
                                const char *boot_id, const json_t *body,
                                struct problem *problem)
{
    int64_t uptime_ms;
    int64_t swaps;
    enum result result =
        json_maybe_integer(body, "uptime_ms", 0, INT64_MAX / 2, 0, &uptime_ms, problem);
    if (result == RESULT_OK)
        result = json_maybe_integer(body, "swaps_since_boot", 0, INT64_MAX / 2, 0, &swaps,
                                    problem);
    if (result != RESULT_OK)
        return result;
    db_run(server->db, "UPDATE machines SET last_contact = ? WHERE id = ?", "is",
           clock_now_ms(), machine);
    db_run(server->db,
           "UPDATE machines SET uptime_ms = max(uptime_ms, ?), swaps = max(swaps, ?) "
           "WHERE id = ? AND boot_id = ?",
           "iiss", uptime_ms, swaps, machine, boot_id);
    return RESULT_OK;
}

enum result attempts_report(struct server *server, const char *machine,
                            const json_t *body, struct problem *problem)
{
    const char *boot_id;
    const char *kind;
    int64_t sequence;
    enum result result = json_take_hex(body, "boot_id", 32, &boot_id, problem);
    if (result == RESULT_OK)
        result = json_take_integer(body, "sequence", 0, INT64_MAX / 2, &sequence, problem);
    if (result == RESULT_OK)
        result = json_take_string(body, "kind", 16, &kind, problem);
    if (result == RESULT_OK && !text_is_name(kind, 16))
        result =
            problem_set(problem, RESULT_INVALID, "bad-request", "\"kind\" is not a word");
    if (result != RESULT_OK)
        return result;
    result = db_begin(server->db);
    if (result != RESULT_OK)
        return problem_set(problem, result, "store", "the report cannot be stored");
    db_run(server->db,
           "INSERT OR IGNORE INTO reports (machine, boot_id, sequence, time, kind) "
           "VALUES (?, ?, ?, ?, ?)",
           "ssiis", machine, boot_id, sequence, clock_now_ms(), kind);
    if (db_changes(server->db) == 1) {
        result = note_contact(server, machine, boot_id, body, problem);
        if (result == RESULT_OK)
            result = take_report(server, machine, boot_id, kind, body, problem);
        if (result == RESULT_OK)
            history_trim(server, machine);
        if (result == RESULT_OK && strcmp(kind, "attempt") == 0)
            machine_settle(server, machine, true);
    }
    if (result != RESULT_OK) {
        db_rollback(server->db);
        return result;
    }
    result = db_commit(server->db);
    if (result != RESULT_OK)
        return problem_set(problem, result, "store", "the report cannot be stored");
    server_poke(server);
    /* Something may have become permanent: the pipeline looks. */
    pthread_cond_broadcast(&server->builds_changed);
    return RESULT_OK;
}
