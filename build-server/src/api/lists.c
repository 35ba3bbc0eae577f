/* Lists, newest first, in pages.
 * SPDX-License-Identifier: MIT */
#include "api/lists.h"

#include "api/answers.h"
#include "base/text.h"
#include "fleet/rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_DEFAULT 50
#define LIMIT_MAX 500

/* A number of the query; false and an answer when it is not one. */
static bool query_integer(struct http_request *request, struct http_answer *answer,
                          const char *name, int64_t fallback, int64_t most,
                          int64_t *out_value)
{
    const char *text = http_query(request, name);
    *out_value = fallback;
    if (text == NULL || text[0] == '\0')
        return true;
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0 || *end != '\0' || value < 1 || value > most) {
        char message[96];
        snprintf(message, sizeof message, "\"%s\" must be a number from 1 to %lld", name,
                 (long long)most);
        answer_error(answer, 400, "bad-request", message);
        return false;
    }
    *out_value = value;
    return true;
}

static bool read_page(struct http_request *request, struct http_answer *answer,
                      int64_t *out_limit, int64_t *out_before)
{
    return query_integer(request, answer, "limit", LIMIT_DEFAULT, LIMIT_MAX, out_limit) &&
           query_integer(request, answer, "before", INT64_MAX, INT64_MAX, out_before);
}

/* A filter: NULL when it is absent or empty. */
static const char *filter(struct http_request *request, const char *name)
{
    const char *text = http_query(request, name);
    return text == NULL || text[0] == '\0' ? NULL : text;
}

/* PREFIX% for LIKE, or NULL; only hexadecimal digits come through. */
static const char *prefix_filter(struct http_request *request, char *buffer,
                                 size_t capacity)
{
    const char *text = filter(request, "commit");
    if (text == NULL)
        return NULL;
    size_t len = strspn(text, "0123456789abcdef");
    if (text[len] != '\0' || len > 40) {
        snprintf(buffer, capacity, "-");
        return buffer;
    }
    snprintf(buffer, capacity, "%s%%", text);
    return buffer;
}

/* Rows by their ids in ROWS (one column), made by MAKE. */
static void answer_rows(struct server *server, struct http_answer *answer,
                        struct db_rows *rows, int64_t limit,
                        json_t *(*make)(struct server *, int64_t))
{
    json_t *list = json_array();
    int64_t last = 0;
    bool more = false;
    while (db_next(rows)) {
        if ((int64_t)json_array_size(list) == limit) {
            more = true;
            break;
        }
        last = row_integer(rows, 0);
        json_array_append_new(list, make(server, last));
    }
    answer_json(answer, 200,
                json_pack("{s:o, s:o}", "rows", list, "next",
                          more ? json_integer(last) : json_null()));
}

void list_history(struct server *server, struct http_request *request,
                  struct http_answer *answer)
{
    int64_t limit;
    int64_t before;
    int64_t release;
    char prefix[64];
    if (!read_page(request, answer, &limit, &before) ||
        !query_integer(request, answer, "release", 0, INT64_MAX, &release))
        return;
    DB_ROWS_OWNED struct db_rows *rows =
        db_query(server->db,
                 "SELECT h.id FROM history h WHERE h.id < ?1 AND (?2 IS NULL OR "
                 "h.machine = ?2 OR h.machine IN "
                 "(SELECT id FROM machines WHERE name = ?2)) AND (?3 IS NULL OR EXISTS "
                 "(SELECT 1 FROM "
                 "history_cells c WHERE c.history = h.id AND c.name = ?3)) AND (?4 IS "
                 "NULL OR h.to_commit LIKE ?4) "
                 "AND (?5 IS NULL OR h.result = ?5) AND (?6 IS NULL OR h.trigger_kind = "
                 "?6) AND (?7 = 0 OR "
                 "h.release = ?7) ORDER BY h.id DESC LIMIT ?8",
                 "isssssii", before, filter(request, "machine"), filter(request, "cell"),
                 prefix_filter(request, prefix, sizeof prefix), filter(request, "result"),
                 filter(request, "trigger"), release, limit + 1);
    answer_rows(server, answer, rows, limit, rows_attempt);
}

/* SQL gives ids below ?1 of rows with a commit like ?2 and the state ?3 (each NULL: any), ?4 of them, the newest first. */
static void list_of_commits(struct server *server, struct http_request *request,
                            struct http_answer *answer, const char *sql,
                            json_t *(*make)(struct server *, int64_t))
{
    int64_t limit;
    int64_t before;
    char prefix[64];
    if (!read_page(request, answer, &limit, &before))
        return;
    DB_ROWS_OWNED struct db_rows *rows = db_query(
        server->db, sql, "issi", before, prefix_filter(request, prefix, sizeof prefix),
        filter(request, "state"), limit + 1);
    answer_rows(server, answer, rows, limit, make);
}

void list_releases(struct server *server, struct http_request *request,
                   struct http_answer *answer)
{
    list_of_commits(
        server, request, answer,
        "SELECT version FROM releases WHERE version < ?1 AND (?2 IS NULL OR commit_id "
        "LIKE ?2) AND (?3 IS NULL OR state = ?3) ORDER BY version DESC LIMIT ?4",
        rows_release);
}

void list_builds(struct server *server, struct http_request *request,
                 struct http_answer *answer)
{
    list_of_commits(
        server, request, answer,
        "SELECT id FROM builds WHERE id < ?1 AND (?2 IS NULL OR commit_id LIKE ?2) AND "
        "(?3 IS NULL OR state = ?3) ORDER BY id DESC LIMIT ?4",
        rows_build);
}

void list_machines(struct server *server, struct http_request *request,
                   struct http_answer *answer)
{
    int64_t limit;
    if (!query_integer(request, answer, "limit", LIMIT_DEFAULT, LIMIT_MAX, &limit))
        return;
    DB_ROWS_OWNED struct db_rows *rows =
        db_query(server->db,
                 "SELECT m.id FROM machines m WHERE (?1 IS NULL OR m.id > ?1) AND (?2 IS "
                 "NULL OR m.state = ?2) AND "
                 "(?3 IS NULL OR EXISTS (SELECT 1 FROM tags t WHERE t.machine = m.id AND "
                 "t.tag = ?3)) ORDER BY "
                 "m.id LIMIT ?4",
                 "sssi", filter(request, "after"), filter(request, "state"),
                 filter(request, "tag"), limit + 1);
    json_t *list = json_array();
    json_t *next = json_null();
    while (db_next(rows)) {
        if ((int64_t)json_array_size(list) == limit) {
            json_t *last = json_array_get(list, (size_t)limit - 1);
            next = json_incref(json_object_get(last, "id"));
            break;
        }
        json_array_append_new(list, rows_machine(server, row_text(rows, 0)));
    }
    answer_json(answer, 200, json_pack("{s:o, s:o}", "rows", list, "next", next));
}

void list_machine_log(struct server *server, struct http_request *request,
                      struct http_answer *answer, const char *machine)
{
    int64_t limit;
    if (!query_integer(request, answer, "limit", LIMIT_DEFAULT, LIMIT_MAX, &limit))
        return;
    json_t *list = json_array();
    DB_ROWS_OWNED struct db_rows *rows =
        db_query(server->db,
                 "SELECT time, boot_id, kind, text FROM (SELECT * FROM machine_log WHERE "
                 "machine = ? ORDER BY id "
                 "DESC LIMIT ?) ORDER BY id",
                 "si", machine, limit);
    while (db_next(rows))
        json_array_append_new(list, json_pack("{s:o, s:o, s:o, s:o}", "time",
                                              json_time(row_integer(rows, 0)), "boot_id",
                                              json_text_or_null(row_text(rows, 1)), "kind",
                                              json_text_or_null(row_text(rows, 2)), "text",
                                              json_text_or_null(row_text(rows, 3))));
    answer_json(answer, 200, json_pack("{s:o}", "rows", list));
}
