/* The database's versions: an old file is brought to the newest and keeps its rows.
 * SPDX-License-Identifier: MIT */
#include "adapt/sqlite/db.h"
#include "base/files.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#define FIRST "build-server/src/adapt/sqlite/schema.sql"

struct place {
    char folder[64];
    char path[96];
};

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    text_copy(place->folder, sizeof place->folder, "/tmp/db-test-XXXXXX");
    if (mkdtemp(place->folder) == NULL)
        return -1;
    snprintf(place->path, sizeof place->path, "%s/db.sqlite", place->folder);
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    enum result result = files_remove_tree(place->folder);
    free(place);
    return result == RESULT_OK ? 0 : -1;
}

static void run(sqlite3 *handle, const char *sql)
{
    char *error = NULL;
    int code = sqlite3_exec(handle, sql, NULL, NULL, &error);
    if (code != SQLITE_OK)
        fail_msg("%s", error);
}

/* A database as the first version made it, with a release and an attempt. */
static void make_first(const char *path)
{
    sqlite3 *handle = NULL;
    uint8_t *bytes = NULL;
    size_t len = 0;
    assert_int_equal(files_read(FIRST, 1u << 20, &bytes, &len), RESULT_OK);
    TEXT_OWNED char *schema = (char *)bytes;
    assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
    run(handle, schema);
    run(handle,
        "INSERT INTO contents VALUES ('c', 's', 1);"
        "INSERT INTO releases (state, kind, channel, commit_id, content, trigger_kind, "
        "by_kind, by_name, for_channel, created, expires, security, changed_json) VALUES "
        "('published', 'build', 'main', 'k', 'c', 'push', 'pusher', 'anna', 1, 1, 2, 1, "
        "'[{\"name\":\"x\"}]');"
        "INSERT INTO machines (id, name, public_key, enrolled, channel, state) VALUES "
        "('m', 'm1', 'p', 1, 'main', 'running');"
        "INSERT INTO history (machine, time, release, trigger_kind, by_kind, by_name, "
        "result, boot_id, attempt) VALUES ('m', 5, 1, 'push', 'pusher', 'anna', "
        "'permanent', 'b', 1);");
    sqlite3_close(handle);
}

/* The same, changed by SQL before the server opens it. */
static void make_changed(const char *path, const char *sql)
{
    sqlite3 *handle = NULL;
    make_first(path);
    assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
    run(handle, sql);
    sqlite3_close(handle);
}

static int64_t version_of(const char *path)
{
    sqlite3 *handle = NULL;
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(handle, "PRAGMA user_version", -1, &statement, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t version = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(handle);
    return version;
}

/* All definitions of the database as one text, to compare two of them. */
static char *shape_of(struct db *db)
{
    return db_text(
        db,
        "SELECT group_concat(m.name || ':' || c.name || ':' || c.type || ':' || "
        "c.\"notnull\" || ':' || ifnull(c.dflt_value, '-'), ' ') FROM (SELECT "
        "name FROM sqlite_master WHERE type = 'table' ORDER BY name) m, "
        "pragma_table_info(m.name) c",
        "");
}

static void the_first_version_is_brought_to_the_newest_and_keeps_its_rows(void **state)
{
    const struct place *place = *state;
    struct problem problem = {"", ""};
    struct db *db = NULL;
    make_first(place->path);
    assert_int_equal(version_of(place->path), 1);
    assert_int_equal(db_open(place->path, &db, &problem), RESULT_OK);
    assert_int_equal(db_integer(db, 0, "SELECT count(*) FROM releases", ""), 1);
    TEXT_OWNED char *changed = db_text(db, "SELECT changed_json FROM releases", "");
    assert_string_equal(changed, "[{\"name\":\"x\"}]");
    TEXT_OWNED char *ways = db_text(db, "SELECT ways_json FROM releases", "");
    assert_string_equal(ways, "[]");
    TEXT_OWNED char *stub = db_text(db, "SELECT stub FROM releases", "");
    assert_string_equal(stub, "s");
    assert_int_equal(db_integer(db, 0, "SELECT created FROM contents", ""), 1);
    assert_int_equal(db_integer(db, 0, "SELECT time FROM history", ""), 5);
    TEXT_OWNED char *effects = db_text(db, "SELECT effects_json FROM history", "");
    assert_string_equal(effects, "{}");
    TEXT_OWNED char *upgraded = shape_of(db);
    db_close(db);
    int64_t version = version_of(place->path);
    assert_true(version > 1);

    char path[160];
    snprintf(path, sizeof path, "%s/fresh.sqlite", place->folder);
    assert_int_equal(db_open(path, &db, &problem), RESULT_OK);
    TEXT_OWNED char *fresh = shape_of(db);
    db_close(db);
    assert_string_equal(upgraded, fresh);
    assert_int_equal(version_of(path), version);
}

static void a_newer_database_is_refused_and_left_alone(void **state)
{
    const struct place *place = *state;
    struct problem problem = {"", ""};
    struct db *db = NULL;
    make_changed(place->path, "PRAGMA user_version = 99");
    assert_int_equal(db_open(place->path, &db, &problem), RESULT_CORRUPT);
    assert_non_null(strstr(problem.text, "99"));
    assert_int_equal(version_of(place->path), 99);
}

static void a_damaged_database_is_refused_and_left_alone(void **state)
{
    const struct place *place = *state;
    struct problem problem = {"", ""};
    struct db *db = NULL;
    uint8_t damaged[4096];
    uint8_t *after = NULL;
    size_t len = 0;
    memset(damaged, 'x', sizeof damaged);
    assert_int_equal(files_write_durable(place->path, damaged, sizeof damaged, 0600),
                     RESULT_OK);
    assert_int_equal(db_open(place->path, &db, &problem), RESULT_CORRUPT);
    assert_non_null(strstr(problem.text, place->path));
    assert_int_equal(files_read(place->path, 1u << 20, &after, &len), RESULT_OK);
    assert_memory_equal(after, damaged, sizeof damaged);
    free(after);
}

/* A step that cannot be done leaves the old version, whole. */
static void a_failed_upgrade_changes_nothing(void **state)
{
    const struct place *place = *state;
    struct problem problem = {"", ""};
    struct db *db = NULL;
    make_changed(place->path, "ALTER TABLE releases ADD COLUMN image_due INTEGER");
    assert_int_equal(db_open(place->path, &db, &problem), RESULT_IO);
    assert_int_equal(version_of(place->path), 1);
    sqlite3 *handle = NULL;
    assert_int_equal(sqlite3_open(place->path, &handle), SQLITE_OK);
    run(handle, "ALTER TABLE releases ADD COLUMN ways_json TEXT");
    sqlite3_close(handle);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_first_version_is_brought_to_the_newest_and_keeps_its_rows),
        CASE(a_newer_database_is_refused_and_left_alone),
        CASE(a_damaged_database_is_refused_and_left_alone),
        CASE(a_failed_upgrade_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
