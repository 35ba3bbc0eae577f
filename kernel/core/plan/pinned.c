/* Objects that others point to where no search finds it: what they point to stays where it is.
 * SPDX-License-Identifier: MIT
 *
 * Asked of each object whose form changes, however its value goes over: by name, over edges, or not at all.
 */
#include <core/plan/fieldmap.h>
#include <core/plan/private.h>

#include <string.h>

bool plan_moves_parts(const struct move_list *forward)
{
    for (uint32_t i = 0; i < forward->count; i++) {
        const struct field_move *f = &forward->moves[i];
        if (f->kind != MOVE_UNUSED && (f->from_bit != f->to_bit ||
                                       (f->count > 1 && f->from_stride != f->to_stride)))
            return true;
    }
    return false;
}

/* Says whether a pointer into the old form of M may have to lead to another address of the new one: by name alone, for
 * nothing else says which field is which. What the new form lacks does not count, or no field that came behind could go
 * again. STATUS_FULL. */
static enum status leads_elsewhere(const struct plan_cell *cell,
                                   const struct version *from, const struct migration *m,
                                   const struct cell_data *was,
                                   const struct cell_data *is, bool *out)
{
    struct type old;
    struct type now;
    struct fieldmap map;
    type_read(&from->info, was->type_name, &old);
    type_read(&cell->fresh->info, is->type_name, &now);
    enum status status = fieldmap_build(&old, m->old_len, &now, m->new_len, true, &map);
    *out =
        m->old_va != m->new_va || status == STATUS_DENIED || plan_moves_parts(&map.list);
    fieldmap_fini(&map);
    return status == STATUS_FULL ? STATUS_FULL : STATUS_OK;
}

static bool has_mark(const struct plan_cell *cell, const struct version *from,
                     const char *key)
{
    return plan_marked(cell->fresh, "in_place", key) || plan_marked(from, "in_place", key);
}

/* Lends the tag of what CELL puts into frames, or FROM has, or NULL: nothing that could hold a pointer. */
static const char *in_frames(const struct plan_cell *cell, const struct version *from)
{
    const char *tag = plan_in_frames(&cell->fresh->info);
    if (!tag || strcmp(tag, "none") == 0)
        tag = plan_in_frames(&from->info);
    return !tag || strcmp(tag, "none") == 0 ? NULL : tag;
}

enum status plan_check_pinned(struct planning *p, const struct plan_cell *cell,
                              const struct version *from, const struct migration *m,
                              const struct cell_data *was, const struct cell_data *is)
{
    bool placed = has_mark(cell, from, m->key);
    const char *tag = m->constant ? NULL : in_frames(cell, from);
    bool elsewhere = false;
    enum status status =
        placed || tag ? leads_elsewhere(cell, from, m, was, is, &elsewhere) : STATUS_OK;
    if (placed && elsewhere)
        (void)refuse(
            report_next(p->report), "data", cell->name, m->key, NULL,
            "the processor or a device has an address in %s, of which fields move: "
            "keep them where they are, and add new ones behind them",
            m->key);
    if (tag && elsewhere)
        (void)refuse(
            report_next(p->report), "data", cell->name, m->key, NULL,
            "fields of %s move, and objects of struct %s, which %s keeps in frames, may "
            "point to them, where nobody looks: keep them where they are, and add new "
            "ones behind them",
            m->key, tag, cell->name);
    return status;
}
