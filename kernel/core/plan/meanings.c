/* Structs that turn, and whatever holds them by value.
 * SPDX-License-Identifier: MIT
 */
#include <core/plan/meanings.h>

#include <core/plan/ways.h>
#include <mm/heap/heap.h>
#include <string.h>

bool plan_restated(const struct plan_cell *cell, const char *key)
{
    return plan_state(&cell->old->info, key) != plan_state(&cell->fresh->info, key);
}

static const char *tag_of(const char *type)
{
    return plan_tag(cellinfo_bare_name(type));
}

static const char *element_of(const char *text)
{
    while (*text == '[' && strchr(text, ']'))
        text = strchr(text, ']') + 1;
    return text;
}

static const struct version *version_of(const struct plan_cell *cell, int form)
{
    return form == FORM_OLD ? cell->old : cell->fresh;
}

/* Of that very name, or else, as a file is named only where another has such a type, of that one without a file. */
static bool find_type(const struct cellinfo *info, const char *name, struct cell_type *out)
{
    for (uint32_t i = 0; i < info->count[CELL_TYPES]; i++) {
        cellinfo_type(info, i, out);
        if (strcmp(out->name, name) == 0)
            return true;
    }
    for (uint32_t i = 0; i < info->count[CELL_TYPES]; i++) {
        cellinfo_type(info, i, out);
        if (strcmp(cellinfo_bare_name(out->name), cellinfo_bare_name(name)) == 0)
            return true;
    }
    return false;
}

/* ---- ways --------------------------------------------------------------------------------- */

/* KEEPER may know what the type was in the version of the form OTHER. */
static void find_way(const struct plan_cell *cell, int other,
                     const struct cell_type *type, struct part_way *out)
{
    struct form_way way;
    const struct version *keeper =
        version_of(cell, other == FORM_OLD ? FORM_NEW : FORM_OLD);
    const char *past = plan_past_name(keeper, version_of(cell, other), type, NULL, NULL);
    if (!past)
        return;
    struct part_way w = {.tag = out->tag, .keeper = keeper, .past = past};
    plan_family(keeper, out->tag, &w.family);
    uint32_t place = type_family_place(&w.family, past);
    if (place == w.family.count)
        return;
    w.leads[other] = plan_find_way(keeper, &w.family, place, 0, &way);
    w.leads[other == FORM_OLD ? FORM_NEW : FORM_OLD] =
        plan_find_way(keeper, &w.family, 0, place, &way);
    if (w.leads[FORM_OLD] || (w.leads[FORM_NEW] && !out->keeper))
        *out = w;
}

static bool has_twin(const struct version *v, const char *name)
{
    uint32_t first;
    return cellinfo_types_called(&v->info, cellinfo_bare_name(name), &first) > 1;
}

/* A struct that both versions have turns if it means something else, or if its form changed and edges say how. */
static bool turns(const struct plan_cell *cell, const struct cell_type *is,
                  struct part_way *out)
{
    struct cell_type was;
    *out = (struct part_way){.tag = tag_of(is->name)};
    if (!find_type(&cell->old->info, is->name, &was))
        return false;
    bool restated = plan_restated(cell, out->tag);
    if (!restated && was.layout == is->layout)
        return false;
    find_way(cell, FORM_OLD, &was, out);
    if (!out->leads[FORM_OLD])
        find_way(cell, FORM_NEW, is, out);
    bool said = out->keeper != NULL;
    out->twins = has_twin(cell->old, is->name) || has_twin(cell->fresh, is->name);
    if (!out->leads[FORM_OLD] || out->twins)
        out->keeper = NULL;
    return restated || said;
}

static enum status list_ways(struct meanings *m)
{
    const struct cellinfo *info = &m->cell->fresh->info;
    for (uint32_t i = 0; i < info->count[CELL_TYPES]; i++) {
        struct cell_type is;
        struct part_way way;
        cellinfo_type(info, i, &is);
        if (meanings_way(m, tag_of(is.name)) || !turns(m->cell, &is, &way))
            continue;
        struct part_way *moved =
            heap_grow_array(struct part_way, m->ways, m->way_count + 1);
        if (!moved)
            return STATUS_FULL;
        m->ways = moved;
        m->ways[m->way_count++] = way;
    }
    return STATUS_OK;
}

const struct part_way *meanings_way(const struct meanings *m, const char *tag)
{
    for (uint32_t i = 0; i < m->way_count; i++)
        if (strcmp(m->ways[i].tag, tag) == 0)
            return &m->ways[i];
    return NULL;
}

/* ---- what holds them ---------------------------------------------------------------------- */

/* Gives what TABLE says of TEXT, a type of INFO. */
static uint32_t look_up(const uint32_t *table, const struct cellinfo *info,
                        const char *text)
{
    const char *name = cellinfo_bare_name(element_of(text));
    for (uint32_t i = 0; i < info->count[CELL_TYPES]; i++) {
        struct cell_type t;
        if (!table[i])
            continue;
        cellinfo_type(info, i, &t);
        if (strcmp(cellinfo_bare_name(t.name), name) == 0)
            return table[i];
    }
    return 0;
}

const struct part_way *meanings_part(const struct meanings *m, int form, const char *text)
{
    uint32_t number =
        m->way_count ? look_up(m->parts[form], &version_of(m->cell, form)->info, text) : 0;
    return number ? &m->ways[number - 1] : NULL;
}

bool meanings_holds(const struct meanings *m, int form, const char *text)
{
    return m->way_count &&
           look_up(m->past_parts[form], &version_of(m->cell, form)->info, text);
}

/* Gives false if nothing is found that was not known. SAID: of ways that somebody says, else of the others. */
static bool spread(const struct meanings *m, uint32_t *table, const struct cellinfo *info,
                   bool said)
{
    bool more = false;
    for (uint32_t i = 0; i < info->count[CELL_TYPES]; i++) {
        struct cell_type t;
        cellinfo_type(info, i, &t);
        for (uint32_t k = 0; !table[i] && k < t.field_count; k++) {
            struct cell_field f;
            cellinfo_field(info, t.first_field + k, &f);
            uint32_t number = look_up(table, info, f.type_name);
            if (!number || !m->ways[number - 1].keeper != !said)
                continue;
            table[i] = number;
            more = true;
        }
    }
    return more;
}

/* V is given for tables where forms of the past count: of its source. */
static uint32_t own_way(const struct meanings *m, const struct version *v, const char *tag)
{
    for (uint32_t i = 0; i < m->way_count; i++) {
        const struct part_way *w = &m->ways[i];
        if (strcmp(w->tag, tag) == 0 ||
            (v && w->keeper == v && type_family_place(&w->family, tag) < w->family.count))
            return i + 1;
    }
    return 0;
}

static enum status list_holders(const struct meanings *m, const struct cellinfo *info,
                                const struct version *past, uint32_t **out)
{
    uint32_t *table = heap_new_array(uint32_t, info->count[CELL_TYPES] + 1);
    *out = table;
    if (!table)
        return STATUS_FULL;
    for (uint32_t i = 0; i < info->count[CELL_TYPES]; i++) {
        struct cell_type t;
        cellinfo_type(info, i, &t);
        table[i] = own_way(m, past, tag_of(t.name));
    }
    while (spread(m, table, info, false))
        ;
    while (spread(m, table, info, true))
        ;
    return STATUS_OK;
}

static bool has_marks(const struct cellinfo *info)
{
    return plan_has_marks(info, "evolve_state_") || plan_has_marks(info, "evolve_was_");
}

enum status meanings_init(struct meanings *out, const struct plan_cell *cell)
{
    *out = (struct meanings){.cell = cell};
    out->any = has_marks(&cell->fresh->info) || has_marks(&cell->old->info);
    enum status status = out->any ? list_ways(out) : STATUS_OK;
    for (int form = 0; form < FORMS && status == STATUS_OK && out->way_count; form++) {
        const struct version *v = version_of(cell, form);
        status = list_holders(out, &v->info, NULL, &out->parts[form]);
        if (status == STATUS_OK)
            status = list_holders(out, &v->info, v, &out->past_parts[form]);
    }
    return status;
}

void meanings_fini(struct meanings *m)
{
    for (int form = 0; form < FORMS; form++) {
        heap_free(m->parts[form]);
        heap_free(m->past_parts[form]);
    }
    heap_free(m->ways);
    *m = (struct meanings){0};
}
