/* Forgets the oldest of what a machine has left in the database.
 * SPDX-License-Identifier: MIT */
#include "fleet/trim.h"

/* ?1 machine, ?2 the newest row that is too much, ?3 its newest permanent row, ?4 its first. */
#define SURPLUS                                                                          \
    "SELECT h.id FROM history h WHERE h.machine = ?1 AND h.id <= ?2 AND h.id NOT IN "    \
    "(?3, ?4) AND NOT EXISTS (SELECT 1 FROM history r WHERE r.cause = h.id AND (r.id > " \
    "?2 OR r.id = ?3))"

static void forget_attempts(struct server *server, const char *machine, int64_t newest)
{
    struct db *db = server->db;
    int64_t permanent = db_integer(db, 0,
                                   "SELECT id FROM history WHERE machine = ? AND result "
                                   "= 'permanent' AND release IS NOT NULL ORDER BY id "
                                   "DESC LIMIT 1",
                                   "s", machine);
    int64_t first =
        db_integer(db, 0, "SELECT id FROM history WHERE machine = ? ORDER BY id LIMIT 1",
                   "s", machine);
    db_run(db, "DELETE FROM history_cells WHERE history IN (" SURPLUS ")", "siii",
           machine, newest, permanent, first);
    db_run(db, "DELETE FROM history WHERE id IN (" SURPLUS ")", "siii", machine, newest,
           permanent, first);
}

void history_trim(struct server *server, const char *machine)
{
    int64_t keep = server->options.history_rows;
    if (keep == 0)
        return;
    int64_t newest = db_integer(server->db, 0,
                                "SELECT id FROM history WHERE machine = ? ORDER BY id "
                                "DESC LIMIT 1 OFFSET ?",
                                "si", machine, keep);
    if (newest != 0)
        forget_attempts(server, machine, newest);
    db_run(server->db,
           "DELETE FROM reports WHERE machine = ?1 AND (boot_id, sequence) IN (SELECT "
           "boot_id, sequence FROM reports WHERE machine = ?1 ORDER BY time DESC, "
           "sequence DESC LIMIT -1 OFFSET ?2)",
           "si", machine, keep);
}
