/* Plans, machine by machine: asked of the machine itself when it is connected, else of the hosted planner.
 * SPDX-License-Identifier: MIT */
#include "api/plan.h"

#include "api/answers.h"
#include "base/clock.h"
#include "base/text.h"
#include "fleet/actions.h"
#include "fleet/commands.h"
#include "fleet/forecast.h"
#include "fleet/report.h"
#include "pipeline/steps.h"

#include <stdio.h>
#include <string.h>

#define PATIENCE_MS 10000

/* The plan of single cells, in the shape of a forecast. GIVES; NULL: PROBLEM. The lock is let go meanwhile. */
static json_t *pick_forecast(struct server *server, const char *from, const char *to,
                             const json_t *picked, struct problem *problem)
{
    json_t *plan = NULL;
    server_unlock(server);
    enum result result = pick_plan(server, from, to, picked, &plan, problem);
    server_lock(server);
    if (result != RESULT_OK)
        return NULL;
    json_object_set_new(plan, "needs_boot", json_array());
    return plan;
}

/* A way back is planned with each way there, so a plan that is not refused has one; it may have to make something up. */
static json_t *can_return(const json_t *made)
{
    bool swaps = json_array_size(json_object_get(made, "refusals")) == 0 &&
                 json_array_size(json_object_get(made, "needs_boot")) == 0 &&
                 json_array_size(json_object_get(made, "cells")) > 0;
    return swaps ? json_boolean(!json_is_false(json_object_get(made, "revertible")))
                 : json_null();
}

/* One machine's part, by the hosted planner. PICKED: of these cells alone; NULL: of all. */
static json_t *hosted_part(struct server *server, const char *id, int64_t release,
                           const json_t *picked, struct problem *problem)
{
    TEXT_OWNED char *content =
        db_text(server->db, "SELECT content FROM machines WHERE id = ?", "s", id);
    TEXT_OWNED char *name =
        db_text(server->db, "SELECT name FROM machines WHERE id = ?", "s", id);
    TEXT_OWNED char *target = db_text(
        server->db, "SELECT content FROM releases WHERE version = ?", "i", release);
    int64_t contact = db_integer(
        server->db, 0, "SELECT last_contact FROM machines WHERE id = ?", "s", id);
    int64_t age = contact == 0 ? -1 : (clock_now_ms() - contact) / 1000;
    json_t *made = content == NULL || target == NULL ? NULL
                   : picked == NULL
                       ? forecast(server, id, release, problem)
                       : pick_forecast(server, content, target, picked, problem);
    json_t *refusals =
        made == NULL ? json_array() : json_incref(json_object_get(made, "refusals"));
    if (made == NULL) {
        const char *text =
            problem->text[0] != '\0' ? problem->text : "what it runs is not known";
        json_array_append_new(refusals,
                              json_pack("{s:s, s:n, s:n, s:n, s:s}", "code", "unknown",
                                        "cell", "symbol", "dependent", "text", text));
    }
    json_t *part = json_pack(
        "{s:s, s:s, s:s, s:I, s:o, s:o, s:o, s:o}", "machine", id, "name",
        name == NULL ? id : name, "source", "hosted", "age_s",
        (json_int_t)(age < 0 ? 0 : age), "cells",
        made == NULL ? json_array() : json_incref(json_object_get(made, "cells")),
        "refusals", refusals, "needs_boot",
        made == NULL ? json_array() : json_incref(json_object_get(made, "needs_boot")),
        "reversible", can_return(made));
    json_decref(made);
    return part;
}

/* Gives CELL of the machine's answer what the hosted planner knows of it. */
static void enrich_cell(json_t *cell, const json_t *hosted)
{
    static const char *const keys[] = {"coupled", "with", "functions", "migrations"};
    size_t i;
    json_t *other;
    json_array_foreach(json_object_get(hosted, "cells"), i, other)
    {
        if (!json_equal(json_object_get(cell, "name"), json_object_get(other, "name")))
            continue;
        for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
            json_t *value = json_object_get(other, keys[k]);
            if (value != NULL)
                json_object_set(cell, keys[k], value);
        }
    }
}

/* The machine says which cells; the hosted planner knows more of each: coupling, and what of it changes. */
static void enrich(struct server *server, const char *id, int64_t release, json_t *part)
{
    struct problem problem = {"", ""};
    JSON_OWNED json_t *hosted = hosted_part(server, id, release, NULL, &problem);
    size_t i;
    json_t *cell;
    json_array_foreach(json_object_get(part, "cells"), i, cell)
    {
        enrich_cell(cell, hosted);
    }
    if (json_is_null(json_object_get(part, "reversible")) &&
        json_array_size(json_object_get(part, "refusals")) == 0)
        json_object_set(part, "reversible", json_object_get(hosted, "reversible"));
}

/* What a machine answered to the plan command ID; NULL: nothing yet. */
static json_t *machine_part(struct server *server, const char *id, int64_t command)
{
    TEXT_OWNED char *text =
        db_text(server->db, "SELECT answer_json FROM commands WHERE id = ?", "i", command);
    if (text == NULL)
        return NULL;
    JSON_OWNED json_t *answer = json_stored(text);
    TEXT_OWNED char *name =
        db_text(server->db, "SELECT name FROM machines WHERE id = ?", "s", id);
    json_t *reason = json_object_get(answer, "reason");
    json_t *refusals = json_array();
    if (json_is_object(reason))
        json_array_append(refusals, reason);
    json_t *cells = json_object_get(answer, "cells");
    JSON_OWNED json_t *effects = report_effects(answer);
    json_t *revertible = json_object_get(effects, "revertible");
    json_t *part =
        json_pack("{s:s, s:s, s:s, s:i, s:o, s:o, s:[], s:o}", "machine", id, "name",
                  name == NULL ? id : name, "source", "machine", "age_s", 0, "cells",
                  cells == NULL ? json_array() : json_incref(cells), "refusals", refusals,
                  "needs_boot", "reversible",
                  revertible == NULL ? json_null() : json_incref(revertible));
    static const char *const figures[] = {"waited_count", "waited", "migrated_objects",
                                          "migrated_bytes", "draining_objects"};
    for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
        json_t *value = json_object_get(effects, figures[i]);
        if (value != NULL)
            json_object_set(part, figures[i], value);
    }
    return part;
}

static bool is_connected(struct server *server, const char *id)
{
    return http_sleeping(server->machines, id) > 0;
}

static int64_t ask_machine(struct server *server, const char *id, int64_t release)
{
    TEXT_OWNED char *hash =
        db_text(server->db, "SELECT hash FROM releases WHERE version = ?", "i", release);
    int64_t length = db_integer(
        server->db, 0, "SELECT length FROM releases WHERE version = ?", "i", release);
    json_t *body =
        json_pack("{s:I, s:s?, s:I}", "release", release, "hash", hash, "length", length);
    return commands_add(server, id, "plan", body, true, PATIENCE_MS * 2);
}

static void answer_parts(struct server *server, struct http_answer *answer,
                         const json_t *ids, int64_t release, const json_t *picked,
                         json_t *asked)
{
    struct problem problem = {"", ""};
    json_t *rows = json_array();
    size_t i;
    json_t *item;
    json_array_foreach((json_t *)ids, i, item)
    {
        const char *id = json_string_value(item);
        int64_t command = json_integer_value(json_object_get(asked, id));
        json_t *part = command == 0 ? NULL : machine_part(server, id, command);
        if (part != NULL)
            enrich(server, id, release, part);
        json_array_append_new(
            rows,
            part == NULL ? hosted_part(server, id, release, picked, &problem) : part);
    }
    TEXT_OWNED char *commit = db_text(
        server->db, "SELECT commit_id FROM releases WHERE version = ?", "i", release);
    answer_json(
        answer, 200,
        json_pack("{s:s?, s:I, s:o}", "to", commit, "release", release, "rows", rows));
}

/* The request sleeps until the one machine has answered; its command's id is kept in `scratch`. */
static bool wait_for_machine(struct server *server, struct http_request *request,
                             struct http_answer *answer, const char *id, int64_t release,
                             json_t *asked)
{
    long long command = 0;
    if (!request->resumed) {
        if (!is_connected(server, id))
            return false;
        command = ask_machine(server, id, release);
        snprintf(request->scratch, sizeof request->scratch, "%lld", command);
    } else {
        sscanf(request->scratch, "%lld", &command);
    }
    json_object_set_new(asked, id, json_integer(command));
    if (command == 0 || request->out_of_time ||
        clock_monotonic_ms() >= request->arrived_ms + PATIENCE_MS)
        return false;
    json_t *part = machine_part(server, id, command);
    if (part != NULL) {
        json_decref(part);
        return false;
    }
    answer->kind = HTTP_PARK;
    answer->deadline_ms = request->arrived_ms + PATIENCE_MS;
    text_copy(answer->key, sizeof answer->key, id);
    return true;
}

void plan_answer(struct server *server, struct http_request *request,
                 struct http_answer *answer)
{
    JSON_OWNED json_t *body = NULL;
    JSON_OWNED json_t *ids = NULL;
    JSON_OWNED json_t *asked = json_object();
    struct problem problem = {"", ""};
    const char *to;
    const char *source;
    int64_t release = 0;
    bool all = false;
    enum result result = json_read(request->body, request->body_len, &body, &problem);
    if (result == RESULT_OK)
        result = json_take_string(body, "to", 40, &to, &problem);
    if (result == RESULT_OK)
        result = json_maybe_string(body, "source", 16, "auto", &source, &problem);
    if (result == RESULT_OK)
        result = action_target(server, to, &release, &problem);
    if (result == RESULT_OK)
        result = action_machines(server, body, &all, &ids, &problem);
    if (result != RESULT_OK) {
        answer_problem(answer, result, &problem);
        return;
    }
    const json_t *picked = json_object_get(body, "cells");
    if (json_array_size(picked) == 0)
        picked = NULL;
    bool ask =
        picked == NULL && strcmp(source, "hosted") != 0 && json_array_size(ids) == 1;
    if (ask && wait_for_machine(server, request, answer,
                                json_string_value(json_array_get(ids, 0)), release, asked))
        return;
    answer_parts(server, answer, ids, release, picked, asked);
}
