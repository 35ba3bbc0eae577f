/* Builds the small world of the fleet's tests.
 * SPDX-License-Identifier: MIT */
#include "fixture.h"

#include "api/events.h"
#include "base/files.h"
#include "base/text.h"
#include "fleet/attempts.h"
#include "fleet/machines.h"
#include "pipeline/cells.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STUB "5555555555555555555555555555555555555555555555555555555555555555"

static void object_of(int cell, int version, char out[static CELLS_DIGEST_LEN])
{
    memset(out, '0', CELLS_DIGEST_LEN - 1);
    out[CELLS_DIGEST_LEN - 1] = '\0';
    out[0] = (char)('0' + cell);
    out[1] = (char)('0' + version);
}

static void make_content(struct fixture *fixture, int number)
{
    struct cell_set set;
    assert_int_equal(cell_set_init(&set, 7), RESULT_OK);
    for (int i = 0; i < 7; i++) {
        struct cell *cell = &set.cells[i];
        snprintf(cell->name, sizeof cell->name, "c%d", i + 1);
        object_of(i + 1, i + 1 == number ? 1 : 0, cell->object);
        cell->length = 100;
        text_copy(cell->abi, sizeof cell->abi, "0000000000000001");
        text_copy(cell->kind, sizeof cell->kind, "app");
        cell->uses = json_array();
    }
    assert_int_equal(cell_set_seal(&set), RESULT_OK);
    assert_int_equal(cell_set_store(fixture->server.db, &set, 1), RESULT_OK);
    text_copy(fixture->content[number], sizeof fixture->content[number], set.content);
    cell_set_fini(&set);
}

static void make_release(struct fixture *fixture, int number)
{
    char commit[41];
    snprintf(commit, sizeof commit, "%040d", number);
    db_run(fixture->server.db,
           "INSERT INTO releases (state, kind, channel, commit_id, content, "
           "trigger_kind, by_kind, by_name, "
           "for_channel, created, expires, security, hash, length, before, stub) VALUES "
           "('published', 'build', "
           "'main', ?, ?, 'push', 'pusher', 'anna', 1, 1, 2, 1, ?, 10, nullif(?, 0), ?)",
           "sssis", commit, fixture->content[number - 1], fixture->content[number - 1],
           (int64_t)number - 1, STUB);
}

int fixture_set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct server *server = &fixture->server;
    struct problem problem = {"", ""};
    text_copy(fixture->folder, sizeof fixture->folder, "/tmp/fleet-test-XXXXXX");
    if (mkdtemp(fixture->folder) == NULL)
        return -1;
    TEXT_OWNED char *path = files_path("%s/db.sqlite", fixture->folder);
    server->options.state = fixture->folder;
    server->options.branch = "main";
    server->main_wake = -1;
    server->events = events_create();
    server->alarms = json_object();
    server->forecasts = json_object();
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->builds_changed, NULL);
    if (db_open(path, &server->db, &problem) != RESULT_OK)
        return -1;
    for (int i = 0; i < 8; i++)
        make_content(fixture, i);
    for (int i = 1; i <= 8; i++)
        make_release(fixture, i);
    db_run(server->db, "INSERT INTO channel (name, release) VALUES ('main', 1)", "");
    db_run(server->db,
           "INSERT INTO machines (id, name, public_key, enrolled, channel, state) VALUES "
           "('" M1 "', 'm1', 'k1', 1, 'main', 'enrolling'), ('" M2
           "', 'm2', 'k2', 1, 'main', 'enrolling')",
           "");
    *state = fixture;
    return 0;
}

int fixture_tear_down(void **state)
{
    struct fixture *fixture = *state;
    struct server *server = &fixture->server;
    db_close(server->db);
    events_destroy(server->events);
    json_decref(server->alarms);
    json_decref(server->forecasts);
    enum result result = files_remove_tree(fixture->folder);
    free(fixture);
    return result == RESULT_OK ? 0 : -1;
}

void fixture_poll(struct fixture *fixture, const char *machine, const char *boot_id,
                  int content, const char *said)
{
    char commit[41];
    struct problem problem = {"", ""};
    snprintf(commit, sizeof commit, "%040d", content + 1);
    JSON_OWNED json_t *body = json_pack(
        "{s:s, s:s, s:i, s:i, s:{s:i, s:s, s:s, s:s}}", "boot_id", boot_id, "state", said,
        "uptime_ms", 5000, "swaps_since_boot", 1, "running", "release", content + 1,
        "commit", commit, "content", fixture->content[content], "stub", STUB);
    assert_non_null(body);
    assert_int_equal(machine_contact(&fixture->server, machine, body, &problem),
                     RESULT_OK);
}

void fixture_offer(struct fixture *fixture, int64_t release)
{
    db_run(fixture->server.db, "UPDATE channel SET release = ?", "i", release);
    machines_settle_all(&fixture->server);
}

enum result fixture_report(struct fixture *fixture, const char *machine,
                           const char *boot_id, int64_t sequence, int64_t attempt,
                           int64_t from, int64_t to, const char *result,
                           const char *reason)
{
    char from_commit[41];
    char to_commit[41];
    struct problem problem = {"", ""};
    snprintf(from_commit, sizeof from_commit, "%040d", (int)from);
    snprintf(to_commit, sizeof to_commit, "%040d", (int)to);
    JSON_OWNED json_t *body =
        json_pack("{s:s, s:I, s:s, s:I, s:I, s:s, s:s, s:s, s:[{s:s, s:n, s:n, s:s}], "
                  "s:s, s:o, s:i, s:{s:i, s:n}, s:i, s:I}",
                  "boot_id", boot_id, "sequence", sequence, "kind", "attempt", "attempt",
                  attempt, "release", to, "from_commit", from_commit, "to_commit",
                  to_commit, "from_content", fixture->content[from - 1], "cells", "name",
                  "c1", "old", "new", "class", "text", "result", result, "reason",
                  reason == NULL ? json_null()
                                 : json_pack("{s:s, s:s, s:n, s:n}", "code", reason,
                                             "text", "why", "cell", "symbol"),
                  "pause_ns", 1234, "stage_ms", "download", 5, "load", "bytes", 77,
                  "from_release", from);
    assert_non_null(body);
    return attempts_report(&fixture->server, machine, body, &problem);
}

const char *fixture_value(struct fixture *fixture, const char *sql)
{
    static char value[1024];
    TEXT_OWNED char *text = db_text(fixture->server.db, sql, "");
    text_copy(value, sizeof value, text == NULL ? "(null)" : text);
    return value;
}
