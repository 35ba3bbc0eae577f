/* Pick: single cells of another version, and all that must change with them (thesis 8.1).
 * SPDX-License-Identifier: MIT
 *
 * The planner is asked about what runs with the picked cells replaced. What it refuses names who stands against it:
 * a dependent that still expects the old form, or a provider that does not have the new one yet. Those that differ
 * in the wanted version are picked too, and it is asked again, until nothing can be added. */
#include "pipeline/steps.h"

#include "base/text.h"

#include <string.h>

#define ROUNDS_MAX 32

struct pick {
    const struct cell_set *from;
    const struct cell_set *to;
    json_t *picked; /* name → why: text, or null when it was asked for */
};

static bool differs(const struct pick *pick, const char *name)
{
    const struct cell *old = cell_set_find(pick->from, name);
    const struct cell *fresh = cell_set_find(pick->to, name);
    if (old == NULL || fresh == NULL)
        return old != fresh;
    return strcmp(old->object, fresh->object) != 0;
}

/* True when NAME was added. */
static bool add(struct pick *pick, const char *name, const char *why)
{
    if (name == NULL || json_object_get(pick->picked, name) != NULL ||
        !differs(pick, name))
        return false;
    json_object_set_new(pick->picked, name, json_text_or_null(why));
    return true;
}

static void take(struct cell_set *set, const struct cell *cell)
{
    struct cell *to = &set->cells[set->count++];
    *to = *cell;
    json_incref(to->uses);
}

/* What runs, with the picked cells of the other version. */
static enum result mix(const struct pick *pick, struct cell_set *out)
{
    enum result result = cell_set_init(out, pick->from->count + pick->to->count);
    if (result != RESULT_OK)
        return result;
    out->count = 0;
    for (size_t i = 0; i < pick->from->count; i++) {
        if (json_object_get(pick->picked, pick->from->cells[i].name) == NULL)
            take(out, &pick->from->cells[i]);
    }
    for (size_t i = 0; i < pick->to->count; i++) {
        if (json_object_get(pick->picked, pick->to->cells[i].name) != NULL)
            take(out, &pick->to->cells[i]);
    }
    return cell_set_seal(out);
}

/* The changed cells that CELL of the wanted version uses: one of them has what it lacks. */
static bool add_providers(struct pick *pick, const char *name, const char *why)
{
    const struct cell *cell = name == NULL ? NULL : cell_set_find(pick->to, name);
    bool added = false;
    size_t i;
    json_t *used;
    json_array_foreach(cell == NULL ? NULL : cell->uses, i, used)
    {
        added = add(pick, json_string_value(used), why) || added;
    }
    return added;
}

/* It is for the operator to say whether live data may go: no other cell changes that. */
static bool is_loss(const json_t *refusal)
{
    const char *code = json_string_value(json_object_get(refusal, "code"));
    return code != NULL && strcmp(code, "consent") == 0;
}

/* Picks who stands against it; false when there is nobody more. */
static bool widen(struct pick *pick, const json_t *refusals)
{
    bool added = false;
    size_t i;
    json_t *refusal;
    json_array_foreach((json_t *)refusals, i, refusal)
    {
        const char *why = json_string_value(json_object_get(refusal, "text"));
        const char *cell = json_string_value(json_object_get(refusal, "cell"));
        const char *dependent = json_string_value(json_object_get(refusal, "dependent"));
        if (is_loss(refusal))
            continue;
        bool one = add(pick, dependent, why) || add(pick, cell, why);
        added = one || add_providers(pick, cell, why) || added;
    }
    return added;
}

static void explain(const struct pick *pick, json_t *plan)
{
    size_t i;
    json_t *cell;
    json_array_foreach(json_object_get(plan, "cells"), i, cell)
    {
        const char *name = json_string_value(json_object_get(cell, "name"));
        json_t *why = json_object_get(pick->picked, name);
        if (json_is_string(why))
            json_object_set(cell, "because", why);
    }
}

static enum result pick_from(struct server *server, struct pick *pick,
                             struct cell_set *out_set, json_t **out_plan,
                             struct problem *problem)
{
    JSON_OWNED json_t *plan = NULL;
    CELL_SET_OWNED set = {0};
    for (int round = 0; round < ROUNDS_MAX; round++) {
        cell_set_fini(&set);
        enum result result = mix(pick, &set);
        if (result != RESULT_OK)
            return problem_set(problem, result, "pick",
                               "the cells cannot be put together");
        json_decref(plan);
        plan = NULL;
        result = ways_plan_sets(server, pick->from, &set, &plan, problem);
        if (result != RESULT_OK)
            return result;
        if (!widen(pick, json_object_get(plan, "refusals")))
            break;
    }
    explain(pick, plan);
    *out_plan = json_incref(plan);
    *out_set = set;
    memset(&set, 0, sizeof set);
    return RESULT_OK;
}

enum result pick_plan(struct server *server, const char *from_content,
                      const char *to_content, const json_t *names, json_t **out_plan,
                      struct problem *problem)
{
    CELL_SET_OWNED set = {0};
    return pick_set(server, from_content, to_content, names, &set, out_plan, problem);
}

enum result pick_set(struct server *server, const char *from_content,
                     const char *to_content, const json_t *names,
                     struct cell_set *out_set, json_t **out_plan, struct problem *problem)
{
    CELL_SET_OWNED from = {0};
    CELL_SET_OWNED to = {0};
    server_lock(server);
    enum result result = cell_set_load(server->db, from_content, &from);
    if (result == RESULT_OK)
        result = cell_set_load(server->db, to_content, &to);
    server_unlock(server);
    if (result != RESULT_OK)
        return problem_set(problem, result, "no-content",
                           "the cells of that release are not known");
    JSON_OWNED json_t *picked = json_object();
    struct pick pick = {&from, &to, picked};
    size_t i;
    json_t *item;
    json_array_foreach((json_t *)names, i, item)
    {
        const char *name = json_string_value(item);
        if (name == NULL ||
            (cell_set_find(&from, name) == NULL && cell_set_find(&to, name) == NULL))
            return problem_set(problem, RESULT_NOT_FOUND, "no-cell",
                               "there is no cell %.64s", name == NULL ? "?" : name);
        add(&pick, name, NULL);
    }
    return pick_from(server, &pick, out_set, out_plan, problem);
}
