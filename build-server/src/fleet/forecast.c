/* Forecasts, kept in memory by the pair of contents.
 * SPDX-License-Identifier: MIT */
#include "fleet/forecast.h"

#include "base/text.h"
#include "pipeline/steps.h"

#include <stdio.h>
#include <string.h>

#define KEPT_MAX 256

/* GIVES {cells, refusals}, or NULL. Lock held on entry and on return. */
static json_t *between(struct server *server, const char *from_content,
                       const char *to_content, struct problem *problem)
{
    char key[160];
    snprintf(key, sizeof key, "%.64s:%.64s", from_content, to_content);
    json_t *known = json_object_get(server->forecasts, key);
    if (known != NULL)
        return json_incref(known);
    json_t *made = NULL;
    server_unlock(server);
    enum result result = ways_plan(server, from_content, to_content, &made, problem);
    server_lock(server);
    if (result != RESULT_OK)
        return NULL;
    if (json_object_size(server->forecasts) >= KEPT_MAX)
        json_object_clear(server->forecasts);
    json_object_set(server->forecasts, key, made);
    return made;
}

bool forecast_stub_differs(struct server *server, const char *machine, int64_t release)
{
    return db_integer(
               server->db, 0,
               "SELECT m.stub != r.stub FROM machines m, releases r WHERE m.id = ? "
               "AND r.version = ?",
               "si", machine, release) == 1;
}

json_t *forecast(struct server *server, const char *machine, int64_t release,
                 struct problem *problem)
{
    TEXT_OWNED char *from =
        db_text(server->db, "SELECT content FROM machines WHERE id = ?", "s", machine);
    TEXT_OWNED char *to = db_text(
        server->db, "SELECT content FROM releases WHERE version = ?", "i", release);
    if (from == NULL || to == NULL) {
        problem_set(problem, RESULT_NOT_FOUND, "unknown", "what it runs is not known");
        return NULL;
    }
    JSON_OWNED json_t *way = between(server, from, to, problem);
    if (way == NULL)
        return NULL;
    json_t *made = json_copy(way);
    json_t *needs = json_array();
    if (forecast_stub_differs(server, machine, release))
        json_array_append_new(needs, json_string("boot stub"));
    json_object_set_new(made, "needs_boot", needs);
    return made;
}
