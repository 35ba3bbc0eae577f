/* Machines and swap attempts as JSON.
 * SPDX-License-Identifier: MIT */
#include "fleet/rows.h"

#include "api/events.h"
#include "base/clock.h"
#include "base/text.h"
#include "fleet/columns.h"
#include "pipeline/cells.h"

#include <stdlib.h>
#include <string.h>

static json_t *time_column(struct db_rows *rows, int column)
{
    return json_time(row_integer(rows, column));
}

static json_t *json_column(struct db_rows *rows, int column)
{
    return json_stored(row_text(rows, column));
}

static json_t *by_columns(struct db_rows *rows, int kind)
{
    return json_pack("{s:o, s:o}", "kind", text_column(rows, kind), "name",
                     text_column(rows, kind + 1));
}

static json_t *machine_tags(struct server *server, const char *id)
{
    json_t *tags = json_array();
    DB_ROWS_OWNED struct db_rows *rows = db_query(
        server->db, "SELECT tag FROM tags WHERE machine = ? ORDER BY tag", "s", id);
    while (db_next(rows))
        json_array_append_new(tags, text_column(rows, 0));
    return tags;
}

/* The order of a machine as its `held`. */
static json_t *machine_held(struct server *server, const char *id)
{
    DB_ROWS_OWNED struct db_rows *rows =
        db_query(server->db,
                 "SELECT o.intent, o.since, o.by_kind, o.by_name, o.note, r.commit_id, "
                 "o.release FROM orders o "
                 "LEFT JOIN releases r ON r.version = o.release WHERE o.machine = ? AND "
                 "o.intent != 'deploy'",
                 "s", id);
    if (!db_next(rows))
        return json_null();
    bool pin = strcmp(row_text(rows, 0), "pin") == 0;
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "kind", pin ? "pin" : "hold",
                     "since", time_column(rows, 1), "by", by_columns(rows, 2), "note",
                     text_column(rows, 4), "commit", text_column(rows, 5), "release",
                     integer_column(rows, 6));
}

/* How many cells differ between two contents; -1: one of them is not known. */
static int64_t cells_differing(struct server *server, const char *running,
                               const char *desired)
{
    if (running == NULL || desired == NULL)
        return -1;
    if (strcmp(running, desired) == 0)
        return 0;
    if (db_integer(server->db, 0, "SELECT count(*) FROM contents WHERE id IN (?, ?)",
                   "ss", running, desired) != 2)
        return -1;
    return db_integer(server->db, -1,
                      "SELECT (SELECT count(*) FROM content_cells d LEFT JOIN "
                      "content_cells r ON r.content = ?1 AND "
                      "r.name = d.name WHERE d.content = ?2 AND r.object IS NOT "
                      "d.object) + (SELECT count(*) FROM "
                      "content_cells r WHERE r.content = ?1 AND r.name NOT IN (SELECT "
                      "name FROM content_cells WHERE "
                      "content = ?2))",
                      "ss", running, desired);
}

#define MACHINE_COLUMNS                                                                  \
    "SELECT m.id, m.name, m.state, m.reason_json, m.commit_id, m.release, m.uptime_ms, " \
    "m.swaps, "                                                                          \
    "m.last_contact, m.enrolled, m.boot_id, m.last_pause, m.content, w.version, "        \
    "w.commit_id, "                                                                      \
    "w.content, o.intent, m.public_key, m.stub, m.blob FROM machines m LEFT JOIN "       \
    "orders o ON "                                                                       \
    "o.machine = m.id LEFT JOIN releases w ON w.version = CASE WHEN o.intent = 'hold' "  \
    "THEN "                                                                              \
    "m.release WHEN o.machine IS NOT NULL THEN o.release ELSE (SELECT release FROM "     \
    "channel WHERE "                                                                     \
    "name = m.channel) END WHERE m.id = ?"

static json_t *machine_row(struct server *server, struct db_rows *rows)
{
    const char *id = row_text(rows, 0);
    int64_t differing = cells_differing(server, row_text(rows, 12), row_text(rows, 15));
    json_t *row = json_object();
    json_object_set_new(row, "id", text_column(rows, 0));
    json_object_set_new(row, "name", text_column(rows, 1));
    json_object_set_new(row, "state", text_column(rows, 2));
    json_object_set_new(row, "reason", json_column(rows, 3));
    json_object_set_new(row, "commit", text_column(rows, 4));
    json_object_set_new(row, "desired_commit", text_column(rows, 14));
    json_object_set_new(row, "release", integer_column(rows, 5));
    json_object_set_new(row, "desired_release", integer_column(rows, 13));
    json_object_set_new(row, "cells_differing", json_integer(differing));
    json_object_set_new(row, "uptime_s", json_integer(row_integer(rows, 6) / 1000));
    json_object_set_new(row, "swaps_since_boot", integer_column(rows, 7));
    json_object_set_new(row, "last_contact", time_column(rows, 8));
    json_object_set_new(row, "enrolled", time_column(rows, 9));
    json_object_set_new(row, "boot_id", text_column(rows, 10));
    json_object_set_new(row, "last_pause_ns", integer_column(rows, 11));
    json_object_set_new(row, "held", machine_held(server, id));
    json_object_set_new(row, "tags", machine_tags(server, id));
    return row;
}

json_t *rows_machine(struct server *server, const char *id)
{
    DB_ROWS_OWNED struct db_rows *rows = db_query(server->db, MACHINE_COLUMNS, "s", id);
    return db_next(rows) ? machine_row(server, rows) : NULL;
}

/* Each of ROWS made into JSON by MAKE. */
static json_t *list_of(struct server *server, struct db_rows *rows,
                       json_t *(*make)(struct server *, struct db_rows *))
{
    json_t *list = json_array();
    while (db_next(rows))
        json_array_append_new(list, make(server, rows));
    return list;
}

static json_t *cell_of_both(struct server *server, struct db_rows *rows)
{
    (void)server;
    return json_pack("{s:o, s:o, s:o}", "name", text_column(rows, 0), "running",
                     text_column(rows, 1), "desired", text_column(rows, 2));
}

/* Cells of both sets by name: [{name, running, desired}]. */
static json_t *machine_cells(struct server *server, const char *running,
                             const char *desired)
{
    DB_ROWS_OWNED struct db_rows *rows =
        db_query(server->db,
                 "SELECT n.name, r.object, d.object FROM (SELECT DISTINCT name FROM "
                 "content_cells WHERE content "
                 "IN (?1, ?2)) n LEFT JOIN content_cells r ON r.content = ?1 AND r.name "
                 "= n.name LEFT JOIN "
                 "content_cells d ON d.content = ?2 AND d.name = n.name ORDER BY n.name",
                 "ss", running, desired);
    return list_of(server, rows, cell_of_both);
}

static json_t *kept_away(struct server *server, struct db_rows *rows)
{
    (void)server;
    return json_pack("{s:o, s:o, s:o}", "content", text_column(rows, 0), "since",
                     time_column(rows, 1), "reason", json_column(rows, 2));
}

static json_t *machine_quarantine(struct server *server, const char *id)
{
    DB_ROWS_OWNED struct db_rows *rows = db_query(
        server->db, "SELECT content, since, reason_json FROM quarantine WHERE machine = ? ORDER BY since",
        "s", id);
    return list_of(server, rows, kept_away);
}

static json_t *attempt_of(struct server *server, struct db_rows *rows)
{
    return rows_attempt(server, row_integer(rows, 0));
}

static json_t *machine_attempts(struct server *server, const char *id)
{
    DB_ROWS_OWNED struct db_rows *rows = db_query(
        server->db, "SELECT id FROM history WHERE machine = ? ORDER BY id DESC LIMIT 10",
        "s", id);
    return list_of(server, rows, attempt_of);
}

/* What a boot after a reset takes. A machine that never swapped has only what it booted; what is on trial proved nothing. */
static json_t *permanent_release(struct server *server, const char *id)
{
    int64_t release = db_integer(
        server->db, 0,
        "SELECT ifnull((SELECT release FROM history WHERE machine = ?1 AND result = "
        "'permanent' AND release IS NOT NULL ORDER BY id DESC LIMIT 1), ifnull((SELECT "
        "from_release FROM history WHERE machine = ?1 ORDER BY id LIMIT 1), (SELECT "
        "release FROM machines WHERE id = ?1)))",
        "s", id);
    return release == 0 ? json_null() : json_integer(release);
}

json_t *rows_machine_detail(struct server *server, const char *id)
{
    DB_ROWS_OWNED struct db_rows *rows = db_query(server->db, MACHINE_COLUMNS, "s", id);
    if (!db_next(rows))
        return NULL;
    json_t *row = machine_row(server, rows);
    json_object_set_new(row, "public_key", text_column(rows, 17));
    json_object_set_new(row, "content", text_column(rows, 12));
    json_object_set_new(row, "stub", text_column(rows, 18));
    json_object_set_new(row, "desired_content", text_column(rows, 15));
    json_object_set_new(row, "blob", text_column(rows, 19));
    json_object_set_new(row, "permanent_release", permanent_release(server, id));
    json_object_set_new(row, "cells",
                        machine_cells(server, row_text(rows, 12), row_text(rows, 15)));
    json_object_set_new(row, "quarantine", machine_quarantine(server, id));
    json_object_set_new(row, "attempts", machine_attempts(server, id));
    return row;
}

static json_t *attempt_cells(struct server *server, int64_t id)
{
    json_t *list = json_array();
    DB_ROWS_OWNED struct db_rows *rows = db_query(
        server->db,
        "SELECT name, old, new, class FROM history_cells WHERE history = ? ORDER BY name",
        "i", id);
    while (db_next(rows))
        json_array_append_new(
            list, json_pack("{s:o, s:o, s:o, s:o}", "name", text_column(rows, 0), "old",
                            text_column(rows, 1), "new", text_column(rows, 2), "class",
                            text_column(rows, 3)));
    return list;
}

json_t *rows_attempt(struct server *server, int64_t id)
{
    DB_ROWS_OWNED struct db_rows *rows = db_query(
        server->db,
        "SELECT h.id, h.time, h.machine, h.release, h.from_commit, h.to_commit, "
        "h.trigger_kind, "
        "h.by_kind, h.by_name, h.result, h.pause_ns, h.stage_json, h.bytes, "
        "h.reason_json, h.cause, "
        "m.name, f.subject, t.subject, t.author, h.finished, h.note, h.effects_json FROM "
        "history h JOIN machines m ON "
        "m.id = h.machine LEFT JOIN commits f ON f.id = h.from_commit LEFT JOIN "
        "commits t ON t.id = "
        "h.to_commit WHERE h.id = ?",
        "i", id);
    if (!db_next(rows))
        return NULL;
    json_t *row = json_object();
    json_object_set_new(row, "id", integer_column(rows, 0));
    json_object_set_new(row, "time", time_column(rows, 1));
    json_object_set_new(row, "machine", text_column(rows, 2));
    json_object_set_new(row, "release", integer_column(rows, 3));
    json_object_set_new(row, "from_commit", text_column(rows, 4));
    json_object_set_new(row, "to_commit", text_column(rows, 5));
    json_object_set_new(row, "cells", attempt_cells(server, id));
    json_object_set_new(row, "trigger", text_column(rows, 6));
    json_object_set_new(row, "by", by_columns(rows, 7));
    json_object_set_new(row, "result", text_column(rows, 9));
    json_object_set_new(row, "pause_ns", integer_column(rows, 10));
    json_object_set_new(row, "stage_ms", json_column(rows, 11));
    json_object_set_new(row, "bytes", integer_column(rows, 12));
    json_object_set_new(row, "reason", json_column(rows, 13));
    json_object_set_new(row, "cause", integer_column(rows, 14));
    json_object_set_new(row, "machine_name", text_column(rows, 15));
    json_object_set_new(row, "from_subject", text_column(rows, 16));
    json_object_set_new(row, "to_subject", text_column(rows, 17));
    json_object_set_new(row, "to_author", text_column(rows, 18));
    json_object_set_new(row, "finished", time_column(rows, 19));
    json_object_set_new(row, "note", text_column(rows, 20));
    JSON_OWNED json_t *effects = json_stored(row_text(rows, 21));
    json_object_update(row, effects);
    return row;
}

void rows_publish_machine(struct server *server, const char *id)
{
    json_t *row = rows_machine(server, id);
    if (row != NULL)
        events_publish(server->events, server->operators, "machine", row);
}

void rows_publish_attempt(struct server *server, int64_t id)
{
    json_t *row = rows_attempt(server, id);
    if (row != NULL)
        events_publish(server->events, server->operators, "history", row);
}
