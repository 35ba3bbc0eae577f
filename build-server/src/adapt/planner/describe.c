/* Turns plans into JSON.
 * SPDX-License-Identifier: MIT */
#include "adapt/planner/describe.h"

#include <stdio.h>
#include <string.h>

#define FIELD_ROOM 128

static json_t *text_or_null(const char *text)
{
    return text[0] == '\0' ? json_null() : json_text_or_null(text);
}

static json_t *describe_refusal(const struct refusal *refusal)
{
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o}", "code", json_text_or_null(refusal->code), "cell",
        text_or_null(refusal->cell), "symbol", text_or_null(refusal->symbol), "dependent",
        text_or_null(refusal->dependent), "text", json_text_or_null(refusal->text));
}

/* The names that follow WORD in a migration's text: its parts are separated by "; ". A name that was cut is left out. */
static json_t *fields_after(const char *word, const char *text)
{
    json_t *names = json_array();
    size_t len = strlen(word);
    const char *part = text;
    while (part != NULL) {
        const char *end = strstr(part, "; ");
        if (strncmp(part, word, len) == 0 && part[len] == ' ') {
            const char *name = part + len + 1;
            char field[FIELD_ROOM];
            int used = (int)strcspn(name, " ,;(");
            snprintf(field, sizeof field, "%.*s", used, name);
            if (used > 0 && strstr(field, "...") == NULL)
                json_array_append_new(names, json_text_or_null(field));
        }
        part = end == NULL ? NULL : end + 2;
    }
    return names;
}

static json_t *describe_migration(const struct hosted_migration *migration)
{
    return json_pack("{s:o, s:o, s:I, s:I, s:b, s:b, s:o, s:o}", "object",
                     json_text_or_null(migration->object), "text",
                     json_text_or_null(migration->text), "old_bytes",
                     (json_int_t)migration->old_len, "new_bytes",
                     (json_int_t)migration->new_len, "moves", migration->moves, "constant",
                     migration->constant, "added", fields_after("new", migration->text),
                     "dropped", fields_after("drops", migration->text));
}

static void add_migrations(json_t *row, const struct hosted_plan *plan, const char *name)
{
    json_t *list = json_array();
    for (size_t i = 0; i < plan->migration_count; i++) {
        if (strcmp(plan->migrations[i].cell, name) == 0)
            json_array_append_new(list, describe_migration(&plan->migrations[i]));
    }
    if (json_array_size(list) > 0)
        json_object_set(row, "migrations", list);
    json_decref(list);
}

static bool uses(struct planner_objects set, const char *user, const char *used)
{
    char name[CELL_NAME_MAX + 1];
    for (size_t i = 0; i < set.count; i++) {
        const struct hosted_object *object = &set.list[i];
        if (strcmp(object->name, user) != 0)
            continue;
        for (uint32_t k = 0; hosted_use(object->bytes, object->len, k, name) == STATUS_OK;
             k++) {
            if (strcmp(name, used) == 0)
                return true;
        }
    }
    return false;
}

static void add_partners(json_t *row, const struct hosted_plan *plan, const char *name,
                         struct planner_objects from, struct planner_objects to)
{
    json_t *with = json_array();
    for (size_t i = 0; i < plan->cell_count; i++) {
        const struct hosted_cell *other = &plan->cells[i];
        if (other->coupled && strcmp(other->name, name) != 0 &&
            (uses(from, name, other->name) || uses(from, other->name, name) ||
             uses(to, name, other->name) || uses(to, other->name, name)))
            json_array_append_new(with, json_text_or_null(other->name));
    }
    json_object_set_new(row, "with", with);
}

json_t *planner_describe(const struct hosted_plan *plan, struct planner_objects from,
                         struct planner_objects to)
{
    json_t *cells = json_array();
    json_t *refusals = json_array();
    for (size_t i = 0; i < plan->cell_count; i++) {
        const struct hosted_cell *cell = &plan->cells[i];
        json_t *row = json_pack(
            "{s:o, s:s, s:b, s:{s:i, s:i, s:i}}", "name", json_text_or_null(cell->name),
            "class", plan_class_name(cell->class), "coupled", cell->coupled, "functions",
            "changed", (int)cell->functions_changed, "added", (int)cell->functions_added,
            "removed", (int)cell->functions_removed);
        if (cell->coupled)
            add_partners(row, plan, cell->name, from, to);
        add_migrations(row, plan, cell->name);
        json_array_append_new(cells, row);
    }
    for (uint32_t i = 0; i < plan->report.refusal_count && i < PLAN_MAX_REFUSALS; i++)
        json_array_append_new(refusals, describe_refusal(&plan->report.refusals[i]));
    return json_pack("{s:o, s:o, s:b}", "cells", cells, "refusals", refusals,
                     "revertible", plan->revertible);
}
