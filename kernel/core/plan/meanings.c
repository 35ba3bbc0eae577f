/* What a change of meaning touches: types whose form says nothing of it, and whatever holds them by value.
 * SPDX-License-Identifier: MIT
 *
 * Of a field that was in seconds and is in milliseconds `.cell` says the same. Its source says it (EVOLVE_STATE), of a type or of
 * an object. What holds such a type by value changes its meaning too, and has to say so itself: else it would go over by name.
 */
#include <core/plan/private.h>

#include <mm/heap/heap.h>
#include <string.h>

bool plan_restated(const struct plan_cell *cell, const char *key)
{
    return plan_state(&cell->old->info, key) != plan_state(&cell->fresh->info, key);
}

static const char *tag_of(const char *type)
{
    return plan_tag(plan_bare_name(type));
}

static const char *element_of(const char *text)
{
    while (*text == '[' && strchr(text, ']'))
        text = strchr(text, ']') + 1;
    return text;
}

/* Only who has both forms could take the one for the other. */
static bool was_there(const struct cellinfo *old, const char *name)
{
    for (uint32_t i = 0; i < old->count[CELL_TYPES]; i++) {
        struct cell_type t;
        cellinfo_type(old, i, &t);
        if (strcmp(plan_bare_name(t.name), plan_bare_name(name)) == 0)
            return true;
    }
    return false;
}

const char *meanings_part(const struct meanings *m, const char *text)
{
    const char *name = plan_bare_name(element_of(text));
    for (uint32_t i = 0; m->any && i < m->cell->fresh->info.count[CELL_TYPES]; i++) {
        struct cell_type t;
        if (!m->parts[i])
            continue;
        cellinfo_type(&m->cell->fresh->info, i, &t);
        if (strcmp(plan_bare_name(t.name), name) == 0)
            return m->parts[i];
    }
    return NULL;
}

/* Gives false if nothing is found that was not known. */
static bool spread(struct meanings *m)
{
    const struct cellinfo *info = &m->cell->fresh->info;
    bool more = false;
    for (uint32_t i = 0; i < info->count[CELL_TYPES]; i++) {
        struct cell_type t;
        cellinfo_type(info, i, &t);
        for (uint32_t k = 0; !m->parts[i] && k < t.field_count; k++) {
            struct cell_field f;
            cellinfo_field(info, t.first_field + k, &f);
            m->parts[i] = meanings_part(m, f.type_name);
            more = more || m->parts[i];
        }
    }
    return more;
}

enum status meanings_init(struct meanings *out, const struct plan_cell *cell)
{
    const struct cellinfo *info = &cell->fresh->info;
    *out = (struct meanings){.cell = cell};
    if (!plan_has_states(info) && !plan_has_states(&cell->old->info))
        return STATUS_OK;
    out->parts = heap_new_array(const char *, info->count[CELL_TYPES] + 1);
    if (!out->parts)
        return STATUS_FULL;
    out->any = true;
    for (uint32_t i = 0; i < info->count[CELL_TYPES]; i++) {
        struct cell_type t;
        cellinfo_type(info, i, &t);
        if (plan_restated(cell, tag_of(t.name)) && was_there(&cell->old->info, t.name))
            out->parts[i] = tag_of(t.name);
    }
    while (spread(out))
        ;
    return STATUS_OK;
}

void meanings_fini(struct meanings *m)
{
    heap_free(m->parts);
    *m = (struct meanings){0};
}
