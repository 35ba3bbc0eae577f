/* Forecasts, kept in memory by the pair of contents.
 * SPDX-License-Identifier: MIT */
#include "fleet/forecast.h"

#include "base/text.h"
#include "pipeline/steps.h"

#include <stdio.h>
#include <string.h>

#define KEPT_MAX 256

json_t *forecast(struct server *server, const char *from_content, const char *to_content,
                 struct problem *problem)
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
    json_t *needs = json_array();
    TEXT_OWNED char *from =
        db_text(server->db, "SELECT stub FROM contents WHERE id = ?", "s", from_content);
    TEXT_OWNED char *to =
        db_text(server->db, "SELECT stub FROM contents WHERE id = ?", "s", to_content);
    if (from != NULL && to != NULL && strcmp(from, to) != 0)
        json_array_append_new(needs, json_string("boot stub"));
    json_object_set_new(made, "needs_boot", needs);
    if (json_object_size(server->forecasts) >= KEPT_MAX)
        json_object_clear(server->forecasts);
    json_object_set(server->forecasts, key, made);
    return made;
}
