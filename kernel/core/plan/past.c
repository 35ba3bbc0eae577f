/* Types that changed since the running version: who may hold objects of the old form?
 * SPDX-License-Identifier: MIT
 *
 * Named objects migrate by themselves. Objects on stacks are gone when their cells are drained,
 * so a cell with a changed type is coupled. What is left is the heap: an object of the old form
 * there would be read as the new one. It can only be reached by a pointer that lies in some field
 * or named object, or, while the cell's own code has pointers to the type, as a pointer without
 * one (the argument of a task). So the type may change if there are none, if the owner says with
 * EVOLVE_NO_HEAP that there is no such object, or if its walks name them (moving.c).
 * A type that hardware or assembly reads may not change at all (EVOLVE_FROZEN).
 */
#include <core/plan/private.h>
#include <core/plan/types.h>

#include <string.h>

/* The type's name without the file that tells it apart, and without `struct`. */
const char *plan_bare_name(const char *name)
{
    const char *file = strstr(name, "::");
    return file ? file + 2 : name;
}

const char *plan_tag(const char *name)
{
    const char *space = strchr(name, ' ');
    return space ? space + 1 : name;
}

static bool said_to_be_static(const struct plan *plan, const char *name)
{
    for (uint32_t i = 0; i < plan->cell_count; i++)
        if (plan->cells[i].fresh &&
            plan_marked(plan->cells[i].fresh, "no_heap", plan_tag(name)))
            return true;
    return false;
}

/* A private type of another cell may have the same name. */
static bool has_its_own(const struct version *v, const char *name)
{
    for (uint32_t i = 0; i < v->info.count[CELL_TYPES]; i++) {
        struct cell_type t;
        cellinfo_type(&v->info, i, &t);
        if (!(t.flags & CELL_TYPE_PUBLIC) && strcmp(t.name, name) == 0)
            return true;
    }
    return false;
}

/* Lends the name of a cell that has a field or object with a pointer to the type of OLD, or
 * NULL. */
static const char *who_points(const struct namespace *ns, const struct version *old,
                              const char *name)
{
    for (const struct version *v = ns->versions; v; v = v->next)
        if (v->state == VERSION_RUNNING && (v == old || !has_its_own(v, name)) &&
            type_is_pointed_to(&v->info, name))
            return v->info.name;
    return NULL;
}

/* Says whether V, which may be a version of OWNER's cell, freezes the type NAME of OWNER. */
static bool freezes(const struct version *v, const struct version *owner, const char *name)
{
    return (v == owner || !has_its_own(v, name)) &&
           plan_marked(v, "frozen", plan_tag(name));
}

/* Lends the name of a cell, running or to come, that says that the type of CELL is frozen, or NULL. */
static const char *who_froze(const struct plan *plan, const struct plan_cell *cell,
                             const char *name)
{
    for (const struct version *v = plan->ns->versions; v; v = v->next)
        if (v->state == VERSION_RUNNING && freezes(v, cell->old, name))
            return v->info.name;
    for (uint32_t i = 0; i < plan->cell_count; i++)
        if (plan->cells[i].fresh && freezes(plan->cells[i].fresh, cell->fresh, name))
            return plan->cells[i].name;
    return NULL;
}

static bool allocates(const struct version *v)
{
    for (uint32_t i = 0; i < v->import_count; i++) {
        const char *name = v->imports[i].name;
        if (strncmp(name, "heap_", 5) == 0 || strncmp(name, "frame_", 6) == 0 ||
            strncmp(name, "dma_", 4) == 0 || strstr(name, "alloc"))
            return true;
    }
    return false;
}

enum status plan_same_form(const struct plan_cell *cell, const char *was, const char *is,
                           bool *out_same)
{
    return plan_same_text(&cell->old->info, was, &cell->fresh->info, is, out_same);
}

const char *plan_who_has(const struct namespace *ns, const struct version *old,
                         const struct cell_type *was)
{
    const char *who = who_points(ns, old, plan_bare_name(was->name));
    return who || !(was->flags & CELL_TYPE_POINTED) || !allocates(old) ? who
                                                                       : old->info.name;
}

static enum status check_type(struct planning *p, struct plan_cell *cell,
                              const struct cell_type *was, const struct cell_type *is)
{
    bool same;
    const char *name = plan_bare_name(is->name);
    enum status status = plan_same_form(cell, was->name, is->name, &same);
    if (status != STATUS_OK || same)
        return status;
    plan_set_class(cell, PLAN_DATA);
    cell->coupled = true;
    const char *frozen_by = who_froze(p->plan, cell, name);
    if (frozen_by) {
        (void)refuse(
            report_next(p->report), "frozen", cell->name, name, frozen_by,
            "%s differs between the new %s and the running one, and hardware or assembly "
            "knows its form (EVOLVE_FROZEN(%s) in %s). Put its fields back; or boot the "
            "release",
            name, cell->name, plan_tag(name), frozen_by);
        return STATUS_OK;
    }
    if (said_to_be_static(p->plan, name))
        return STATUS_OK;
    bool done = false;
    status = plan_move_type(p, cell, was, is, &done);
    if (status != STATUS_OK || done)
        return status;
    const char *who = plan_who_has(p->plan->ns, cell->old, was);
    if (who)
        (void)refuse(
            report_next(p->report), "type", cell->name, name, who,
            "%s differs between the new %s and the running one, and %s has pointers to "
            "it: objects on the heap would keep the old form. Name them with "
            "EVOLVE_WALKS(%s), "
            "or say EVOLVE_NO_HEAP(%s)",
            name, cell->name, who, plan_tag(name), plan_tag(name));
    return STATUS_OK;
}

enum status plan_check_past(struct planning *p, struct plan_cell *cell)
{
    const struct cellinfo *old = &cell->old->info;
    const struct cellinfo *fresh = &cell->fresh->info;
    for (uint32_t i = 0; i < fresh->count[CELL_TYPES]; i++) {
        struct cell_type is;
        cellinfo_type(fresh, i, &is);
        for (uint32_t k = 0; k < old->count[CELL_TYPES]; k++) {
            struct cell_type was;
            cellinfo_type(old, k, &was);
            if (was.layout == is.layout || strcmp(was.name, is.name) != 0)
                continue;
            enum status status = check_type(p, cell, &was, &is);
            if (status != STATUS_OK)
                return status;
        }
    }
    return STATUS_OK;
}
