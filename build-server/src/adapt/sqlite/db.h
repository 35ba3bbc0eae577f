/* The database: SQLite in WAL mode with full synchronisation, STRICT tables, foreign keys.
 * SPDX-License-Identifier: MIT
 *
 * One connection, guarded by its owner's lock (struct server); nothing here is called without it.
 * A committed transaction survives a power cut. Failures that the world causes (disk full, I/O) come
 * back as a result; a malformed statement is our mistake and ends the process.
 * Arguments are given by a format, one letter each: `i` int64_t, `s` const char * (NULL = SQL NULL),
 * `b` const void * and size_t, `n` nothing = SQL NULL. */
#ifndef NEURATH_ADAPT_SQLITE_DB_H
#define NEURATH_ADAPT_SQLITE_DB_H

#include "base/result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct db_rows;

/* Opens or creates the database at PATH and brings its schema to the newest version. GIVES *out_db for db_close(). */
NODISCARD enum result db_open(const char *path, struct db **out_db,
                              struct problem *problem);
void db_close(struct db *db);

/* One transaction, which may not nest. After a failed db_commit() nothing of it is stored. */
NODISCARD enum result db_begin(struct db *db);
NODISCARD enum result db_commit(struct db *db);
void db_rollback(struct db *db);
bool db_in_transaction(const struct db *db);

/* Runs a statement that gives no rows. */
enum result db_run(struct db *db, const char *sql, const char *format, ...);
int64_t db_last_id(const struct db *db);
int64_t db_changes(const struct db *db);

/* One value of the first row; FALLBACK when there is no row or it is NULL. */
int64_t db_integer(struct db *db, int64_t fallback, const char *sql, const char *format,
                   ...);
/* GIVES the text for free(); NULL when there is no row or it is NULL. */
char *db_text(struct db *db, const char *sql, const char *format, ...);

/* Rows one after another:
 *     struct db_rows *rows = db_query(db, "SELECT …", "s", id);
 *     while (db_next(rows)) …row_text(rows, 0)…
 *     db_end(rows);
 * A row's text is lent until the next call on ROWS. Never NULL. */
struct db_rows *db_query(struct db *db, const char *sql, const char *format, ...);
bool db_next(struct db_rows *rows);
void db_end(struct db_rows *rows);
const char *row_text(struct db_rows *rows, int column);
int64_t row_integer(struct db_rows *rows, int column);
bool row_is_null(struct db_rows *rows, int column);
const void *row_blob(struct db_rows *rows, int column, size_t *out_len);

void db_rows_release(struct db_rows **rows);
#define DB_ROWS_OWNED __attribute__((cleanup(db_rows_release)))

/* Worst failure since the last call, for the health check; RESULT_OK when all is well. */
enum result db_health(struct db *db);

#endif
