/* Commands in the database.
 * SPDX-License-Identifier: MIT */
#include "fleet/commands.h"

#include "base/clock.h"
#include "base/text.h"

#define WAITING                                                                          \
    "FROM commands c JOIN machines m ON m.id = c.machine WHERE c.machine = ? AND "       \
    "c.state IN "                                                                        \
    "('waiting', 'sent') AND c.id > ? AND c.expires > ? AND (c.boot_id IS NULL OR "      \
    "c.boot_id = "                                                                       \
    "m.boot_id)"

int64_t commands_add(struct server *server, const char *machine, const char *kind,
                     json_t *body, bool this_boot, int64_t life_ms)
{
    JSON_OWNED json_t *owned = body == NULL ? json_object() : body;
    TEXT_OWNED char *text = json_text(owned);
    int64_t now = clock_now_ms();
    enum result result =
        db_run(server->db,
               "INSERT INTO commands (machine, kind, body_json, boot_id, state, created, "
               "expires) SELECT id, ?, ?, "
               "CASE WHEN ? THEN boot_id END, 'waiting', ?, ? FROM machines WHERE id = ?",
               "ssiiis", kind, text, (int64_t)this_boot, now, now + life_ms, machine);
    if (result != RESULT_OK || db_changes(server->db) == 0)
        return 0;
    int64_t id = db_last_id(server->db);
    http_wake(server->machines, machine);
    return id;
}

bool commands_waiting(struct server *server, const char *machine, int64_t done)
{
    return db_integer(server->db, 0, "SELECT count(*) " WAITING, "sii", machine, done,
                      clock_now_ms()) > 0;
}

json_t *commands_list(struct server *server, const char *machine, int64_t done)
{
    json_t *list = json_array();
    DB_ROWS_OWNED struct db_rows *rows = db_query(
        server->db, "SELECT c.id, c.kind, c.body_json " WAITING " ORDER BY c.id LIMIT 8",
        "sii", machine, done, clock_now_ms());
    while (db_next(rows)) {
        json_t *command = json_stored(row_text(rows, 2));
        json_object_set_new(command, "id", json_integer(row_integer(rows, 0)));
        json_object_set_new(command, "kind", json_string(row_text(rows, 1)));
        json_array_append_new(list, command);
    }
    return list;
}

void commands_done(struct server *server, const char *machine, int64_t id)
{
    if (id > 0)
        db_run(server->db,
               "UPDATE commands SET state = CASE kind WHEN 'plan' THEN 'sent' ELSE "
               "'done' END WHERE machine "
               "= ? AND id <= ? AND state = 'waiting'",
               "si", machine, id);
}
