/* Lists the objects that hold pointers to elements, as their cells' sources say (EVOLVE_POINTS).
 * SPDX-License-Identifier: MIT
 *
 * A walk can name what its own source file sees. A static of another file of the cell, of third-party code above all, is
 * named by a mark instead. Which words of it are such pointers is seen when elements move (elements.c).
 */
#include <core/plan/private.h>

#include <mm/heap/heap.h>
#include <string.h>

static bool has_marks(const struct version *v)
{
    static const char mark[] = "evolve_points_";
    for (uint32_t i = 0; i < v->info.count[CELL_DATA]; i++) {
        struct cell_data d;
        cellinfo_data(&v->info, i, &d);
        if (strncmp(d.key, mark, sizeof mark - 1) == 0)
            return true;
    }
    return false;
}

static enum status list_objects(struct plan *plan, int form, const struct version *v)
{
    if (!has_marks(v))
        return STATUS_OK;
    for (uint32_t i = 1; i < v->elf.section_count; i++) {
        const struct home *h = v->section_home[i];
        struct cell_data d;
        if (!h || !v->section_object[i] || h->storage == CELL_STORE_RODATA)
            continue;
        cellinfo_data(&v->info, v->section_object[i] - 1, &d);
        if (!plan_marked(v, "points", d.key))
            continue;
        struct pointer_place *more = heap_grow_array(
            struct pointer_place, plan->places[form], plan->place_count[form] + 1);
        if (!more)
            return STATUS_FULL;
        plan->places[form] = more;
        more[plan->place_count[form]++] = (struct pointer_place){h->va, h->len};
    }
    return STATUS_OK;
}

enum status plan_list_pointers(struct plan *plan)
{
    enum status status = STATUS_OK;
    for (int form = 0; form < FORMS; form++) {
        plan->place_count[form] = 0;
        for (uint32_t i = 0; i < plan->cell_count && status == STATUS_OK; i++) {
            const struct plan_cell *cell = &plan->cells[i];
            const struct version *v = form == FORM_OLD ? cell->old : cell->fresh;
            status = v ? list_objects(plan, form, v) : STATUS_OK;
        }
        for (const struct version *v = plan->ns->versions; v && status == STATUS_OK;
             v = v->next)
            if (v->state == VERSION_RUNNING && !plan_find(plan, v->info.name))
                status = list_objects(plan, form, v);
    }
    return status;
}

void plan_pointers_fini(struct plan *plan)
{
    for (int form = 0; form < FORMS; form++) {
        heap_free(plan->places[form]);
        plan->places[form] = NULL;
        plan->place_count[form] = 0;
    }
}
