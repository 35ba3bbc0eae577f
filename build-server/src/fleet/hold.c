/* Suspect objects, and when a hold ends by itself.
 * SPDX-License-Identifier: MIT */
#include "fleet/hold.h"

#include "base/log.h"
#include "base/text.h"
#include "fleet/orders.h"
#include "fleet/rows.h"

#include <stdlib.h>
#include <string.h>

enum result hold_suspect(struct server *server, const char *scope,
                         const char *bad_content, const char *good_content)
{
    db_run(server->db, "DELETE FROM suspects WHERE scope = ?", "s", scope);
    return db_run(server->db,
                  "INSERT OR IGNORE INTO suspects (scope, name, object) SELECT ?, "
                  "b.name, b.object FROM "
                  "content_cells b WHERE b.content = ? AND NOT EXISTS (SELECT 1 FROM "
                  "content_cells g "
                  "WHERE g.content = ? AND g.object = b.object)",
                  "sss", scope, bad_content, good_content);
}

static int64_t suspects_in(struct server *server, const char *scope, const char *content)
{
    return db_integer(
        server->db, 0,
        "SELECT count(*) FROM suspects s JOIN content_cells c ON c.object = s.object "
        "WHERE s.scope = ? AND c.content = ?",
        "ss", scope, content);
}

static bool is_held(struct server *server)
{
    return db_integer(server->db, 0,
                      "SELECT hold_since IS NOT NULL FROM channel WHERE name = ?", "s",
                      CHANNEL_NAME) == 1;
}

/* A hold without suspects (an operator's plain `hold --all`) keeps everything back. */
bool hold_keeps_back(struct server *server, const char *content)
{
    if (!is_held(server))
        return false;
    int64_t suspects =
        db_integer(server->db, 0, "SELECT count(*) FROM suspects WHERE scope = ''", "");
    return suspects == 0 || suspects_in(server, "", content) > 0;
}

enum result hold_end(struct server *server)
{
    db_run(server->db, "DELETE FROM suspects WHERE scope = ''", "");
    return db_run(server->db,
                  "UPDATE channel SET hold_since = NULL, hold_kind = NULL, hold_name = "
                  "NULL, hold_note = "
                  "NULL, hold_bad = NULL WHERE name = ?",
                  "s", CHANNEL_NAME);
}

void hold_lift_for(struct server *server, const char *content)
{
    if (db_begin(server->db) != RESULT_OK)
        return;
    bool lifted = is_held(server) && !hold_keeps_back(server, content);
    if (lifted)
        hold_end(server);
    json_t *free_machines = json_array();
    DB_ROWS_OWNED struct db_rows *rows =
        db_query(server->db,
                 "SELECT machine FROM orders WHERE intent IN ('rollback', 'deploy')", "");
    while (db_next(rows)) {
        if (suspects_in(server, row_text(rows, 0), content) == 0)
            json_array_append_new(free_machines, json_string(row_text(rows, 0)));
    }
    db_rows_release(&rows);
    size_t i;
    json_t *machine;
    json_array_foreach(free_machines, i, machine)
    {
        orders_clear(server, json_string_value(machine));
    }
    if (db_commit(server->db) == RESULT_OK) {
        if (lifted)
            log_info(
                "hold",
                "the channel's hold is lifted: the new release has none of its suspects");
        json_array_foreach(free_machines, i, machine)
        {
            log_info("hold", "machine %s follows the channel again",
                     json_string_value(machine));
            rows_publish_machine(server, json_string_value(machine));
        }
        rows_publish_status(server);
    }
    json_decref(free_machines);
}
