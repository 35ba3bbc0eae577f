/* Ways: what a swap to a new set of cells would do, from each version that machines run.
 * SPDX-License-Identifier: MIT
 *
 * The last release may be one that every machine refused: a plan against it says nothing about machines. So a
 * push is answered from what they run. Machines that are pinned or held get nothing from a push, and one
 * that is silent counts only when all are. */
#include "pipeline/steps.h"

#include "adapt/planner/planner.h"
#include "base/text.h"

#include <string.h>

#define NAMES_MAX 8
#define NEEDS_MAX 16

/* Puts the planner's words in place of the guessed ones. */
static void take_classes(json_t *changed, const json_t *cells)
{
    size_t i;
    json_t *row;
    json_array_foreach(changed, i, row)
    {
        size_t j;
        json_t *cell;
        const char *name = json_string_value(json_object_get(row, "name"));
        json_array_foreach(cells, j, cell)
        {
            const char *other = json_string_value(json_object_get(cell, "name"));
            if (other == NULL || strcmp(name, other) != 0)
                continue;
            json_object_update(row, cell);
        }
    }
}

enum result ways_plan_sets(struct server *server, const struct cell_set *from,
                           const struct cell_set *to, json_t **out_plan,
                           struct problem *problem)
{
    json_t *changed = cell_set_difference(from, to);
    json_t *plan = json_pack("{s:o, s:[]}", "cells", changed, "refusals");
    if (from->count == 0 || json_array_size(changed) == 0) {
        *out_plan = plan;
        return RESULT_OK;
    }
    JSON_OWNED json_t *question = json_pack("{s:[], s:o, s:o}", "inspect", "from",
                                            publish_files(server, from, false), "to",
                                            publish_files(server, to, false));
    JSON_OWNED json_t *answer = NULL;
    enum result result = planner_ask(question, &answer, problem);
    if (result != RESULT_OK) {
        json_decref(plan);
        return result;
    }
    take_classes(changed, json_object_get(answer, "cells"));
    json_object_set(plan, "refusals", json_object_get(answer, "refusals"));
    json_object_set(plan, "revertible", json_object_get(answer, "revertible"));
    *out_plan = plan;
    return RESULT_OK;
}

static void note_needs_boot(struct inspection *out, bool stub_differs)
{
    if (stub_differs)
        json_array_append_new(out->needs_boot, json_string("boot stub"));
    size_t i;
    json_t *refusal;
    json_array_foreach(out->refusals, i, refusal)
    {
        const char *code = json_string_value(json_object_get(refusal, "code"));
        const char *text = json_string_value(json_object_get(refusal, "text"));
        if (code != NULL && strcmp(code, "consent") == 0)
            continue; /* an order with consent brings machines there */
        if (text != NULL && json_array_size(out->needs_boot) < NEEDS_MAX)
            json_array_append_new(out->needs_boot, json_string(text));
    }
}

/* --- What machines run -------------------------------------------------------------------------- */

/* Known contents and boot stubs that machines run, with one machine a row; the newest release first. */
#define RUNNING_ROWS                                                                     \
    "SELECT m.content, m.release, m.commit_id, m.name, ifnull(m.stub, '') FROM "         \
    "machines m "                                                                        \
    "LEFT JOIN orders o ON o.machine = m.id WHERE m.content IN (SELECT id FROM "         \
    "contents) AND "                                                                     \
    "ifnull(o.intent, '') NOT IN ('pin', 'hold') AND (m.state != 'silent' OR NOT "       \
    "EXISTS "                                                                            \
    "(SELECT 1 FROM machines x WHERE x.state NOT IN ('silent', 'enrolling'))) ORDER BY " \
    "(SELECT max(ifnull(y.release, 0)) FROM machines y WHERE y.content = m.content) "    \
    "DESC, m.content, m.stub, m.name"

static bool is_way(const json_t *way, const char *content, const char *stub)
{
    return way != NULL &&
           strcmp(json_string_value(json_object_get(way, "content")), content) == 0 &&
           strcmp(json_string_value(json_object_get(way, "stub")), stub) == 0;
}

/* Counts one machine in at WAY. */
static void count_machine(json_t *way, const char *name)
{
    json_t *names = json_object_get(way, "names");
    json_object_set_new(
        way, "machines",
        json_integer(json_integer_value(json_object_get(way, "machines")) + 1));
    if (json_array_size(names) < NAMES_MAX)
        json_array_append_new(names, json_text_or_null(name));
}

/* The ways without their plans; each has its `content` and `stub`. Lock held. */
static json_t *list_ways(struct server *server)
{
    json_t *ways = json_array();
    json_t *way = NULL;
    DB_ROWS_OWNED struct db_rows *rows = db_query(server->db, RUNNING_ROWS, "");
    while (db_next(rows)) {
        if (!is_way(way, row_text(rows, 0), row_text(rows, 4))) {
            if (json_array_size(ways) == WAYS_MAX)
                break;
            way = json_pack(
                "{s:s, s:s, s:o, s:o, s:i, s:[]}", "content", row_text(rows, 0), "stub",
                row_text(rows, 4), "release",
                row_is_null(rows, 1) ? json_null() : json_integer(row_integer(rows, 1)),
                "commit", json_text_or_null(row_text(rows, 2)), "machines", 0, "names");
            json_array_append_new(ways, way);
        }
        count_machine(way, row_text(rows, 3));
    }
    return ways;
}

/* --- The whole ---------------------------------------------------------------------------------- */

static enum result load_content(struct server *server, const char *content,
                                struct cell_set *out, struct problem *problem)
{
    server_lock(server);
    enum result result = cell_set_load(server->db, content, out);
    server_unlock(server);
    if (result != RESULT_OK)
        return problem_set(problem, result, "no-content",
                           "the cells of that release are not known");
    return RESULT_OK;
}

/* Plans from CONTENT (NULL: from nothing) and STUB ("": not known); the first plan is the inspection's own.
 * GIVES *out_plan. */
static enum result foresee_from(struct server *server, const char *content,
                                const char *stub, struct inspection *out,
                                json_t **out_plan, struct problem *problem)
{
    bool stub_differs = stub[0] != '\0' && strcmp(stub, out->set.stub) != 0;
    CELL_SET_OWNED from = {0};
    enum result result = RESULT_OK;
    if (content != NULL)
        result = load_content(server, content, &from, problem);
    if (result == RESULT_OK)
        result = ways_plan_sets(server, &from, &out->set, out_plan, problem);
    if (result != RESULT_OK)
        return result;
    json_object_set_new(*out_plan, "stub_differs", json_boolean(stub_differs));
    if (out->changed != NULL)
        return RESULT_OK;
    out->changed = json_incref(json_object_get(*out_plan, "cells"));
    out->refusals = json_incref(json_object_get(*out_plan, "refusals"));
    note_needs_boot(out, stub_differs);
    return result;
}

enum result ways_foresee(struct server *server, struct inspection *out,
                         struct problem *problem)
{
    server_lock(server);
    out->needs_boot = json_array();
    out->ways = list_ways(server);
    out->base = db_integer(server->db, 0, "SELECT release FROM channel WHERE name = ?",
                           "s", CHANNEL_NAME);
    TEXT_OWNED char *last = db_text(
        server->db, "SELECT content FROM releases WHERE version = ?", "i", out->base);
    TEXT_OWNED char *last_stub =
        db_text(server->db, "SELECT stub FROM releases WHERE version = ?", "i", out->base);
    server_unlock(server);
    enum result result = RESULT_OK;
    size_t i;
    json_t *way;
    json_array_foreach(out->ways, i, way)
    {
        json_t *plan = NULL;
        const char *content = json_string_value(json_object_get(way, "content"));
        const char *stub = json_string_value(json_object_get(way, "stub"));
        result = foresee_from(server, content, stub, out, &plan, problem);
        if (result != RESULT_OK)
            return result;
        json_object_update(way, plan);
        json_object_del(way, "content");
        json_object_del(way, "stub");
        json_decref(plan);
    }
    if (json_array_size(out->ways) > 0)
        return result;
    JSON_OWNED json_t *plan = NULL;
    return foresee_from(server, last, last_stub == NULL ? "" : last_stub, out, &plan,
                        problem);
}

enum result ways_plan(struct server *server, const char *from_content,
                      const char *to_content, json_t **out_plan, struct problem *problem)
{
    CELL_SET_OWNED from = {0};
    CELL_SET_OWNED to = {0};
    enum result result = load_content(server, from_content, &from, problem);
    if (result == RESULT_OK)
        result = load_content(server, to_content, &to, problem);
    return result == RESULT_OK ? ways_plan_sets(server, &from, &to, out_plan, problem)
                               : result;
}
