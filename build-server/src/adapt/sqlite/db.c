/* SQLite behind a small interface: open, transactions, statements with a bind format, rows.
 * SPDX-License-Identifier: MIT */
#include "adapt/sqlite/db.h"

#include "base/embed.h"
#include "base/log.h"
#include "base/text.h"

#include <sqlite3.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_SLOTS 128

/* A prepared statement kept for reuse, found by the address of its text; the text is compared too,
 * because a built text may lie where an older one did. */
struct cached {
    const char *sql;
    sqlite3_stmt *statement;
    bool in_use;
};

struct db {
    sqlite3 *handle;
    struct cached cache[CACHE_SLOTS];
    enum result health;
    bool failed; /* a statement of the open transaction failed */
};

struct db_rows {
    struct db *db;
    sqlite3_stmt *statement;
    struct cached *slot; /* NULL: finalised at the end */
};

EMBED_FILE(schema, "build-server/src/adapt/sqlite/schema.sql");
EMBED_FILE(schema_2, "build-server/src/adapt/sqlite/schema-2.sql");
EMBED_FILE(schema_3, "build-server/src/adapt/sqlite/schema-3.sql");
EMBED_FILE(schema_4, "build-server/src/adapt/sqlite/schema-4.sql");
EMBED_FILE(schema_5, "build-server/src/adapt/sqlite/schema-5.sql");
EMBED_FILE(schema_6, "build-server/src/adapt/sqlite/schema-6.sql");
EMBED_FILE(schema_7, "build-server/src/adapt/sqlite/schema-7.sql");
EMBED_FILE(schema_8, "build-server/src/adapt/sqlite/schema-8.sql");

/* Step I leads from version I to version I + 1; a new database takes them all. A step that has been
 * released is never changed. */
static const char *const steps[] = {schema_bytes,   schema_2_bytes, schema_3_bytes,
                                    schema_4_bytes, schema_5_bytes, schema_6_bytes,
                                    schema_7_bytes, schema_8_bytes};
#define NEWEST ((int64_t)(sizeof steps / sizeof steps[0]))

static enum result translate(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE: return RESULT_OK;
    case SQLITE_FULL: return RESULT_FULL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return RESULT_BUSY;
    case SQLITE_CONSTRAINT: return RESULT_EXISTS;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return RESULT_CORRUPT;
    case SQLITE_NOMEM: return RESULT_MEMORY;
    case SQLITE_TOOBIG: return RESULT_TOO_LARGE;
    default: return RESULT_IO;
    }
}

static enum result note(struct db *db, int code, const char *sql)
{
    enum result result = translate(code);
    if (result == RESULT_OK)
        return result;
    log_error("db", "%s: %.120s", sqlite3_errmsg(db->handle), sql);
    if (result != RESULT_EXISTS)
        db->health = result;
    db->failed = true;
    return result;
}

/* All steps that are missing, in one transaction: a crash leaves the old version. */
static enum result apply_schema(struct db *db, struct problem *problem)
{
    int64_t version = db_integer(db, 0, "PRAGMA user_version", "");
    if (version == NEWEST)
        return RESULT_OK;
    if (version < 0 || version > NEWEST)
        return problem_set(problem, RESULT_CORRUPT, "db-version",
                           "the database has version %lld; this server knows 1 to %lld",
                           (long long)version, (long long)NEWEST);
    char *error = NULL;
    int code = sqlite3_exec(db->handle, "BEGIN IMMEDIATE", NULL, NULL, &error);
    for (int64_t i = version; i < NEWEST && code == SQLITE_OK; i++)
        code = sqlite3_exec(db->handle, steps[i], NULL, NULL, &error);
    if (code == SQLITE_OK)
        code = sqlite3_exec(db->handle, "COMMIT", NULL, NULL, &error);
    if (code == SQLITE_OK)
        return RESULT_OK;
    problem_set(problem, RESULT_IO, "db-schema",
                "the database cannot be brought from version %lld to %lld: %s",
                (long long)version, (long long)NEWEST, error == NULL ? "?" : error);
    sqlite3_free(error);
    return RESULT_IO;
}

enum result db_open(const char *path, struct db **out_db, struct problem *problem)
{
    struct db *db = calloc(1, sizeof *db);
    if (db == NULL)
        return problem_set(problem, RESULT_MEMORY, "memory", "out of memory");
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int code = sqlite3_open_v2(path, &db->handle, flags, NULL);
    if (code == SQLITE_OK) {
        sqlite3_extended_result_codes(db->handle, 1);
        sqlite3_busy_timeout(db->handle, 5000);
        code = sqlite3_exec(db->handle,
                            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                            "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;"
                            "PRAGMA wal_autocheckpoint = 1000;",
                            NULL, NULL, NULL);
    }
    enum result result = translate(code);
    if (result != RESULT_OK)
        problem_set(problem, result, "db-open", "the database %s cannot be opened: %s",
                    path,
                    db->handle == NULL ? "out of memory" : sqlite3_errmsg(db->handle));
    if (result == RESULT_OK)
        result = apply_schema(db, problem);
    if (result != RESULT_OK) {
        db_close(db);
        return result;
    }
    *out_db = db;
    return RESULT_OK;
}

void db_close(struct db *db)
{
    if (db == NULL)
        return;
    for (size_t i = 0; i < CACHE_SLOTS; i++)
        sqlite3_finalize(db->cache[i].statement);
    sqlite3_close(db->handle);
    free(db);
}

/* The free statement of SQL, prepared when needed. *out_slot is NULL when it is not cached. */
static sqlite3_stmt *prepare(struct db *db, const char *sql, struct cached **out_slot)
{
    size_t at = ((uintptr_t)sql >> 3) % CACHE_SLOTS;
    struct cached *slot = &db->cache[at];
    *out_slot = NULL;
    if (slot->sql == sql && !slot->in_use &&
        strcmp(sqlite3_sql(slot->statement), sql) == 0) {
        slot->in_use = true;
        *out_slot = slot;
        return slot->statement;
    }
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL) != SQLITE_OK) {
        log_error("db", "%s: %s", sqlite3_errmsg(db->handle), sql);
        abort();
    }
    if (!slot->in_use) {
        sqlite3_finalize(slot->statement);
        *slot = (struct cached){.sql = sql, .statement = statement, .in_use = true};
        *out_slot = slot;
    }
    return statement;
}

static void finish(sqlite3_stmt *statement, struct cached *slot)
{
    if (slot == NULL) {
        sqlite3_finalize(statement);
        return;
    }
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    slot->in_use = false;
}

static void bind(sqlite3_stmt *statement, const char *format, va_list arguments)
{
    if ((size_t)sqlite3_bind_parameter_count(statement) != strlen(format)) {
        log_error("db", "the format \"%s\" does not fit: %s", format,
                  sqlite3_sql(statement));
        abort();
    }
    for (int i = 1; *format != '\0'; format++, i++) {
        if (*format == 'i') {
            sqlite3_bind_int64(statement, i, va_arg(arguments, int64_t));
        } else if (*format == 's') {
            sqlite3_bind_text(statement, i, va_arg(arguments, const char *), -1,
                              SQLITE_TRANSIENT);
        } else if (*format == 'b') {
            const void *bytes = va_arg(arguments, const void *);
            size_t len = va_arg(arguments, size_t);
            sqlite3_bind_blob64(statement, i, bytes, len, SQLITE_TRANSIENT);
        } else if (*format != 'n') {
            abort();
        }
    }
}

static struct db_rows *open_rows(struct db *db, const char *sql, const char *format,
                                 va_list arguments)
{
    struct db_rows *rows = malloc(sizeof *rows);
    if (rows == NULL)
        abort();
    rows->db = db;
    rows->statement = prepare(db, sql, &rows->slot);
    bind(rows->statement, format, arguments);
    return rows;
}

static enum result execute(struct db *db, const char *sql)
{
    char *error = NULL;
    int code = sqlite3_exec(db->handle, sql, NULL, NULL, &error);
    sqlite3_free(error);
    return note(db, code, sql);
}

enum result db_begin(struct db *db)
{
    db->failed = false;
    return execute(db, "BEGIN IMMEDIATE");
}

enum result db_commit(struct db *db)
{
    enum result result = db->failed ? RESULT_FAILED : execute(db, "COMMIT");
    if (result != RESULT_OK)
        db_rollback(db);
    return result;
}

void db_rollback(struct db *db)
{
    if (db_in_transaction(db))
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    db->failed = false;
}

bool db_in_transaction(const struct db *db)
{
    return sqlite3_get_autocommit(db->handle) == 0;
}

enum result db_run(struct db *db, const char *sql, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    struct db_rows *rows = open_rows(db, sql, format, arguments);
    va_end(arguments);
    int code;
    do {
        code = sqlite3_step(rows->statement);
    } while (code == SQLITE_ROW);
    enum result result = note(db, code, sql);
    db_end(rows);
    return result;
}

int64_t db_last_id(const struct db *db)
{
    return sqlite3_last_insert_rowid(db->handle);
}

int64_t db_changes(const struct db *db)
{
    return sqlite3_changes64(db->handle);
}

int64_t db_integer(struct db *db, int64_t fallback, const char *sql, const char *format,
                   ...)
{
    va_list arguments;
    va_start(arguments, format);
    struct db_rows *rows = open_rows(db, sql, format, arguments);
    va_end(arguments);
    int64_t value = fallback;
    if (db_next(rows) && !row_is_null(rows, 0))
        value = row_integer(rows, 0);
    db_end(rows);
    return value;
}

char *db_text(struct db *db, const char *sql, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    struct db_rows *rows = open_rows(db, sql, format, arguments);
    va_end(arguments);
    char *value = NULL;
    if (db_next(rows) && !row_is_null(rows, 0))
        value = strdup(row_text(rows, 0));
    db_end(rows);
    return value;
}

struct db_rows *db_query(struct db *db, const char *sql, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    struct db_rows *rows = open_rows(db, sql, format, arguments);
    va_end(arguments);
    return rows;
}

bool db_next(struct db_rows *rows)
{
    int code = sqlite3_step(rows->statement);
    if (code == SQLITE_ROW)
        return true;
    (void)note(rows->db, code, sqlite3_sql(rows->statement));
    return false;
}

void db_end(struct db_rows *rows)
{
    if (rows == NULL)
        return;
    finish(rows->statement, rows->slot);
    free(rows);
}

const char *row_text(struct db_rows *rows, int column)
{
    return (const char *)sqlite3_column_text(rows->statement, column);
}

int64_t row_integer(struct db_rows *rows, int column)
{
    return sqlite3_column_int64(rows->statement, column);
}

bool row_is_null(struct db_rows *rows, int column)
{
    return sqlite3_column_type(rows->statement, column) == SQLITE_NULL;
}

const void *row_blob(struct db_rows *rows, int column, size_t *out_len)
{
    const void *bytes = sqlite3_column_blob(rows->statement, column);
    *out_len = (size_t)sqlite3_column_bytes(rows->statement, column);
    return bytes;
}

void db_rows_release(struct db_rows **rows)
{
    db_end(*rows);
    *rows = NULL;
}

enum result db_health(struct db *db)
{
    enum result health = db->health;
    db->health = RESULT_OK;
    return health;
}
