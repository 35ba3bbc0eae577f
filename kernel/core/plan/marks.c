/* What marks of a cell's source say of its objects and types (lib/base/evolve.h).
 * SPDX-License-Identifier: MIT
 *
 * A mark is an object called evolve_MARK_NAME; of what has a number, or a second name, evolve_MARK_NAME__REST. NAME is the
 * key of an object, with `_` for what is no letter there, or the tag of a type. A mark in a header that several files of a
 * cell include is there once for each, with the file's name before it.
 */
#include <core/plan/private.h>

#include <stdio.h>
#include <string.h>

enum { MARK_MAX = 192 };

/* Gives the length of the name, or 0 if it is too long for any mark. */
static size_t name_mark(char out[MARK_MAX], const char *mark, const char *key,
                        const char *end)
{
    int len = snprintf(out, MARK_MAX, "evolve_%s_%s%s", mark, key, end);
    if (len < 0 || len >= MARK_MAX)
        return 0;
    for (char *c = out; *c; c++)
        if (*c == ':' || *c == '.' || *c == ' ')
            *c = '_';
    return (size_t)len;
}

bool plan_info_marked(const struct cellinfo *info, const char *mark, const char *key)
{
    char wanted[MARK_MAX];
    struct cell_data d;
    if (!name_mark(wanted, mark, key, ""))
        return false;
    for (uint32_t i = 0; i < info->count[CELL_DATA]; i++) {
        cellinfo_data(info, i, &d);
        if (strcmp(cellinfo_bare_name(d.key), wanted) == 0)
            return true;
    }
    return false;
}

bool plan_marked(const struct version *v, const char *mark, const char *key)
{
    return plan_info_marked(&v->info, mark, key);
}

const char *plan_mark_next(const struct cellinfo *info, const char *mark, const char *key,
                           uint32_t *at, struct cell_data *out)
{
    char wanted[MARK_MAX];
    size_t len = name_mark(wanted, mark, key, "__");
    while (len && *at < info->count[CELL_DATA]) {
        cellinfo_data(info, (*at)++, out);
        const char *name = cellinfo_bare_name(out->key);
        if (strncmp(name, wanted, len) == 0)
            return name + len;
    }
    return NULL;
}

const char *plan_mark_number(const char *text, uint32_t *out)
{
    const char *c = text;
    uint32_t number = 0;
    for (; *c >= '0' && *c <= '9' && c - text < 9; c++)
        number = number * 10 + (uint32_t)(*c - '0');
    if (c == text)
        return NULL;
    *out = number;
    return c;
}

uint32_t plan_state(const struct cellinfo *info, const char *key)
{
    struct cell_data d;
    uint32_t at = 0;
    uint32_t state;
    const char *rest;
    while ((rest = plan_mark_next(info, "state", key, &at, &d)) != NULL) {
        const char *end = plan_mark_number(rest, &state);
        if (end && !*end)
            return state;
    }
    return 0;
}

bool plan_has_marks(const struct cellinfo *info, const char *prefix)
{
    for (uint32_t i = 0; i < info->count[CELL_DATA]; i++) {
        struct cell_data d;
        cellinfo_data(info, i, &d);
        if (strncmp(cellinfo_bare_name(d.key), prefix, strlen(prefix)) == 0)
            return true;
    }
    return false;
}

bool plan_has_states(const struct cellinfo *info)
{
    return plan_has_marks(info, "evolve_state_");
}
