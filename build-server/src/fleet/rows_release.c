/* Releases, builds and the server's status as JSON.
 * SPDX-License-Identifier: MIT */
#include "fleet/rows.h"

#include "api/events.h"
#include "base/clock.h"
#include "base/text.h"
#include "fleet/columns.h"

#include <stdio.h>
#include <string.h>

static json_t *by_columns(struct db_rows *rows, int kind)
{
    return json_pack("{s:o, s:o}", "kind", text_column(rows, kind), "name",
                     text_column(rows, kind + 1));
}

#define RELEASE_COLUMNS                                                                  \
    "SELECT r.version, r.created, r.commit_id, c.subject, c.author, r.channel, CASE "    \
    "WHEN "                                                                              \
    "r.parts_json IS NULL THEN r.kind ELSE 'set' END, "                                  \
    "r.reissue_of, r.build, r.content, r.state, r.shipped IS NOT NULL, (SELECT release " \
    "FROM "                                                                              \
    "channel WHERE name = r.channel) IS r.version, r.held_back, (SELECT count(*) FROM "  \
    "content_cells x WHERE x.content = r.content), r.changed_json, r.needs_boot_json, "  \
    "r.refusals_json, r.trigger_kind, r.by_kind, r.by_name, r.note, r.expires, "         \
    "r.image, (SELECT "                                                                  \
    "count(*) FROM machines m WHERE m.content = r.content AND ifnull(m.stub, r.stub) = " \
    "r.stub), (SELECT count(*) FROM machines), "                                         \
    "(SELECT min(machine) FROM orders o WHERE o.release = r.version), r.stub, r.hash, "  \
    "r.for_channel, r.payload, r.ways_json, r.parts_json FROM releases r LEFT JOIN "     \
    "commits c ON c.id "                                                                 \
    "= r.commit_id WHERE r.version = ?"

static json_t *release_row(struct db_rows *rows)
{
    json_t *row = json_object();
    json_object_set_new(row, "id", integer_column(rows, 0));
    json_object_set_new(row, "release", integer_column(rows, 0));
    json_object_set_new(row, "time", json_time(row_integer(rows, 1)));
    json_object_set_new(row, "commit", text_column(rows, 2));
    json_object_set_new(row, "subject", text_column(rows, 3));
    json_object_set_new(row, "author", text_column(rows, 4));
    json_object_set_new(row, "channel", text_column(rows, 5));
    json_object_set_new(row, "kind", text_column(rows, 6));
    json_object_set_new(row, "reissue_of", integer_column(rows, 7));
    json_object_set_new(row, "parts", json_stored(row_text(rows, 32)));
    json_object_set_new(row, "build", integer_column(rows, 8));
    json_object_set_new(row, "content", text_column(rows, 9));
    json_object_set_new(row, "state", text_column(rows, 10));
    json_object_set_new(row, "shipped", json_boolean(row_integer(rows, 11)));
    json_object_set_new(row, "current", json_boolean(row_integer(rows, 12)));
    json_object_set_new(row, "held_back", json_boolean(row_integer(rows, 13)));
    json_object_set_new(row, "cells", integer_column(rows, 14));
    json_object_set_new(row, "changed", json_stored(row_text(rows, 15)));
    json_object_set_new(row, "needs_boot", json_stored(row_text(rows, 16)));
    json_object_set_new(row, "refusals", json_stored(row_text(rows, 17)));
    json_object_set_new(row, "ways", json_stored(row_text(rows, 31)));
    json_object_set_new(row, "trigger", text_column(rows, 18));
    json_object_set_new(row, "by", by_columns(rows, 19));
    json_object_set_new(row, "note", text_column(rows, 21));
    json_object_set_new(row, "expires", json_time(row_integer(rows, 22)));
    json_object_set_new(row, "adopted",
                        json_pack("{s:I, s:I}", "running", row_integer(rows, 24),
                                  "machines", row_integer(rows, 25)));
    json_object_set_new(
        row, "image",
        row_integer(rows, 23) == 1
            ? json_pack("{s:s, s:s}", "kernel", "neurath.elf", "archive", "archive.cpio")
            : json_null());
    JSON_OWNED json_t *payload = json_stored(row_text(rows, 30));
    json_t *consent = json_object_get(payload, "consent");
    json_object_set_new(row, "consent",
                        consent == NULL ? json_array() : json_incref(consent));
    bool for_channel = row_integer(rows, 29) == 1;
    json_object_set_new(row, "machine", for_channel ? json_null() : text_column(rows, 26));
    return row;
}

json_t *rows_release(struct server *server, int64_t version)
{
    DB_ROWS_OWNED struct db_rows *rows =
        db_query(server->db, RELEASE_COLUMNS, "i", version);
    return db_next(rows) ? release_row(rows) : NULL;
}

json_t *rows_release_detail(struct server *server, int64_t version)
{
    DB_ROWS_OWNED struct db_rows *rows =
        db_query(server->db, RELEASE_COLUMNS, "i", version);
    if (!db_next(rows))
        return NULL;
    json_t *row = release_row(rows);
    json_t *cells = json_array();
    DB_ROWS_OWNED struct db_rows *list = db_query(
        server->db, "SELECT name, object, length, kind FROM content_cells WHERE content = ? ORDER BY name",
        "s", row_text(rows, 9));
    while (db_next(list))
        json_array_append_new(
            cells, json_pack("{s:o, s:o, s:o, s:o}", "name", text_column(list, 0),
                             "object", text_column(list, 1), "length",
                             integer_column(list, 2), "kind", text_column(list, 3)));
    json_object_set_new(row, "cells", cells);
    json_object_set_new(row, "stub", text_column(rows, 27));
    json_object_set_new(row, "hash", text_column(rows, 28));
    JSON_OWNED json_t *payload = json_stored(row_text(rows, 30));
    json_t *previous = json_object_get(payload, "previous");
    json_t *provenance = json_object_get(payload, "provenance");
    json_object_set(row, "previous", previous == NULL ? json_null() : previous);
    json_object_set_new(row, "provenance",
                        provenance == NULL ? json_object() : json_incref(provenance));
    return row;
}

json_t *rows_build(struct server *server, int64_t id)
{
    DB_ROWS_OWNED struct db_rows *rows =
        db_query(server->db,
                 "SELECT b.id, b.created, b.commit_id, b.branch, b.state, b.started, "
                 "b.finished, b.release, "
                 "c.subject, c.author, b.by_kind, b.by_name, b.reason_code, "
                 "b.reason_text, b.step FROM builds b "
                 "LEFT JOIN commits c ON c.id = b.commit_id WHERE b.id = ?",
                 "i", id);
    if (!db_next(rows))
        return NULL;
    bool timed = !row_is_null(rows, 5) && !row_is_null(rows, 6);
    json_t *row = json_object();
    json_object_set_new(row, "id", integer_column(rows, 0));
    json_object_set_new(row, "time", json_time(row_integer(rows, 1)));
    json_object_set_new(row, "commit", text_column(rows, 2));
    json_object_set_new(row, "branch", text_column(rows, 3));
    json_object_set_new(row, "state", text_column(rows, 4));
    json_object_set_new(
        row, "seconds",
        timed ? json_real((double)(row_integer(rows, 6) - row_integer(rows, 5)) / 1000.0)
              : json_null());
    json_object_set_new(row, "release", integer_column(rows, 7));
    json_object_set_new(row, "log",
                        json_sprintf("/api/v1/builds/%lld/log", (long long)id));
    json_object_set_new(row, "subject", text_column(rows, 8));
    json_object_set_new(row, "author", text_column(rows, 9));
    json_object_set_new(row, "by", by_columns(rows, 10));
    json_object_set_new(row, "reason",
                        row_is_null(rows, 12)
                            ? json_null()
                            : json_pack("{s:o, s:o}", "code", text_column(rows, 12),
                                        "text", text_column(rows, 13)));
    json_object_set_new(row, "step", text_column(rows, 14));
    return row;
}

json_t *rows_alarms(struct server *server)
{
    json_t *list = json_array();
    const char *code;
    json_t *alarm;
    json_object_foreach(server->alarms, code, alarm)
    {
        json_array_append_new(list, json_pack("{s:s, s:O, s:O}", "code", code, "text",
                                              json_object_get(alarm, "text"), "since",
                                              json_object_get(alarm, "since")));
    }
    return list;
}

static json_t *channel_hold(struct server *server)
{
    DB_ROWS_OWNED struct db_rows *rows =
        db_query(server->db,
                 "SELECT hold_since, hold_kind, hold_name, hold_note, hold_bad FROM "
                 "channel WHERE name = ? AND "
                 "hold_since IS NOT NULL",
                 "s", CHANNEL_NAME);
    if (!db_next(rows))
        return json_null();
    json_t *suspects = json_array();
    DB_ROWS_OWNED struct db_rows *list =
        db_query(server->db,
                 "SELECT name, object FROM suspects WHERE scope = '' ORDER BY name", "");
    while (db_next(list))
        json_array_append_new(suspects,
                              json_pack("{s:o, s:o}", "name", text_column(list, 0),
                                        "object", text_column(list, 1)));
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "since", json_time(row_integer(rows, 0)),
                     "by", by_columns(rows, 1), "note", text_column(rows, 3),
                     "bad_release", integer_column(rows, 4), "suspects", suspects);
}

static void status_channel(struct server *server, json_t *row)
{
    DB_ROWS_OWNED struct db_rows *rows =
        db_query(server->db,
                 "SELECT r.version, r.commit_id, c.subject, r.content FROM channel h "
                 "JOIN releases r ON "
                 "r.version = h.release LEFT JOIN commits c ON c.id = r.commit_id WHERE "
                 "h.name = ?",
                 "s", CHANNEL_NAME);
    bool known = db_next(rows);
    json_object_set_new(row, "channel", json_string(CHANNEL_NAME));
    json_object_set_new(row, "release", known ? integer_column(rows, 0) : json_null());
    json_object_set_new(row, "commit", known ? text_column(rows, 1) : json_null());
    json_object_set_new(row, "subject", known ? text_column(rows, 2) : json_null());
    json_object_set_new(row, "content", known ? text_column(rows, 3) : json_null());
    json_object_set_new(row, "hold", channel_hold(server));
    int64_t waiting =
        db_integer(server->db, 0,
                   "SELECT max(version) FROM releases WHERE held_back = 1 AND version > "
                   "(SELECT release FROM channel WHERE name = ?)",
                   "s", CHANNEL_NAME);
    json_object_set_new(row, "waiting_release",
                        waiting == 0 ? json_null() : json_integer(waiting));
}

static json_t *status_machines(struct server *server)
{
    json_t *counts = json_object();
    int64_t total = 0;
    DB_ROWS_OWNED struct db_rows *rows =
        db_query(server->db, "SELECT state, count(*) FROM machines GROUP BY state", "");
    while (db_next(rows)) {
        json_object_set_new(counts, row_text(rows, 0), integer_column(rows, 1));
        total += row_integer(rows, 1);
    }
    json_object_set_new(counts, "total", json_integer(total));
    return counts;
}

static json_t *status_timestamp(struct server *server)
{
    DB_ROWS_OWNED struct db_rows *rows = db_query(
        server->db, "SELECT counter, time, expires FROM timestamps WHERE channel = ?",
        "s", CHANNEL_NAME);
    if (!db_next(rows))
        return json_null();
    return json_pack("{s:o, s:o, s:o}", "counter", integer_column(rows, 0), "time",
                     json_time(row_integer(rows, 1)), "expires",
                     json_time(row_integer(rows, 2)));
}

json_t *rows_status(struct server *server)
{
    const struct server_options *options = &server->options;
    json_t *row = json_object();
    json_object_set_new(row, "version", json_string(NEURATHD_VERSION));
    json_object_set_new(row, "started", json_time(server->started_ms));
    json_object_set_new(row, "time", json_time(clock_now_ms()));
    json_object_set_new(row, "lab", json_boolean(options->lab));
    json_object_set_new(row, "fleet", json_string(server->fleet));
    json_object_set_new(row, "url", json_string(server->url));
    json_object_set_new(
        row, "machine_port",
        json_integer(server->machines == NULL ? 0 : http_port(server->machines)));
    json_object_set_new(row, "repository", json_sprintf("%s/repo.git", options->state));
    json_object_set_new(row, "branch", json_string(options->branch));
    json_object_set_new(row, "state", json_text_or_null(options->state));
    json_object_set_new(row, "ca", json_sprintf("%s/ca.pem", options->state));
    json_object_set_new(row, "token_file", json_sprintf("%s/token", options->state));
    status_channel(server, row);
    json_object_set_new(row, "timestamp", status_timestamp(server));
    json_object_set_new(
        row, "builds",
        json_pack("{s:I, s:I}", "queued",
                  db_integer(server->db, 0,
                             "SELECT count(*) FROM builds WHERE state = 'queued'", ""),
                  "building",
                  db_integer(server->db, 0,
                             "SELECT count(*) FROM builds WHERE state = 'building'", "")));
    json_object_set_new(row, "machines", status_machines(server));
    json_object_set_new(row, "alarms", rows_alarms(server));
    json_object_set_new(row, "events_id", json_integer(events_newest(server->events)));
    return row;
}

void rows_publish_release(struct server *server, int64_t version)
{
    json_t *row = rows_release(server, version);
    if (row != NULL)
        events_publish(server->events, server->operators, "release", row);
}

void rows_publish_build(struct server *server, int64_t id)
{
    json_t *row = rows_build(server, id);
    if (row != NULL)
        events_publish(server->events, server->operators, "build", row);
}

void rows_publish_builds_after(struct server *server, int64_t id)
{
    DB_ROWS_OWNED struct db_rows *rows =
        db_query(server->db, "SELECT id FROM builds WHERE id > ? ORDER BY id", "i", id);
    while (db_next(rows))
        rows_publish_build(server, row_integer(rows, 0));
}

void rows_publish_status(struct server *server)
{
    events_publish(server->events, server->operators, "server", rows_status(server));
}
