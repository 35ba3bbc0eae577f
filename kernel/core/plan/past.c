/* Types that changed since the running version: who may hold objects of the old form?
 * SPDX-License-Identifier: MIT
 *
 * Named objects migrate by themselves. Objects on stacks are gone when their cells are drained,
 * so a cell with a changed type is coupled. What is left is the heap: an object of the old form
 * there would be read as the new one. So the type may change if none of its objects can lie there
 * (makers.c), if the owner says with EVOLVE_NO_HEAP that there is none, or if its walks name them (moving.c).
 * A type that hardware or assembly reads may not change at all (EVOLVE_FROZEN).
 */
#include <core/plan/meanings.h>

#include <string.h>

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

/* Says whether V, which may be a version of OWNER's cell, freezes the type NAME of OWNER. */
static bool freezes(const struct version *v, const struct version *owner, const char *name)
{
    return (v == owner || !plan_has_its_own(&v->info, name)) &&
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

enum status plan_same_form(const struct plan_cell *cell, const char *was, const char *is,
                           bool *out_same)
{
    return plan_same_text(&cell->old->info, was, &cell->fresh->info, is, out_same);
}

static void refuse_heap(struct planning *p, const struct plan_cell *cell, const char *name,
                        const char *who, const char *how, const char *what)
{
    (void)refuse(report_next(p->report), "type", cell->name, name, who,
                 "%s %s between the new %s and the running one, and %s %s "
                 "it: objects on the heap would keep the old form. Name them with "
                 "EVOLVE_WALKS(%s), "
                 "or say EVOLVE_NO_HEAP(%s)",
                 name, what, cell->name, who, how, plan_tag(name), plan_tag(name));
}

/* TURNS: it is, or holds, a struct that turns over edges; or it means something else. */
static enum status check_type(struct planning *p, struct plan_cell *cell,
                              const struct meanings *meanings, bool turns,
                              const struct cell_type *was, const struct cell_type *is)
{
    bool same;
    const char *name = cellinfo_bare_name(is->name);
    enum status status = plan_same_form(cell, was->name, is->name, &same);
    if (status != STATUS_OK || (same && !turns))
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
    status = plan_move_type(p, cell, meanings, was, is, &done);
    if (status != STATUS_OK || done)
        return status;
    const char *how;
    const char *who = plan_who_has(p->plan, cell->old, &cell->fresh->info, was, &how);
    if (who)
        refuse_heap(p, cell, name, who, how,
                    !same ? "differs"
                    : plan_restated(cell, plan_tag(name))
                        ? "changes its meaning (EVOLVE_STATE)"
                        : "holds what turns over edges (EVOLVE_EDGE)");
    return STATUS_OK;
}

/* Elements of a type go by name alone into what holds something of another meaning, if nobody says how that turns. */
static void check_parts(struct planning *p, const struct plan_cell *cell,
                        const struct part_way *part, const struct cell_type *was,
                        const struct cell_type *is)
{
    const char *name = cellinfo_bare_name(is->name);
    const char *how;
    if (!part || part->keeper || strcmp(part->tag, plan_tag(name)) == 0 ||
        plan_restated(cell, plan_tag(name)) || said_to_be_static(p->plan, name) ||
        !plan_who_has(p->plan, cell->old, &cell->fresh->info, was, &how))
        return;
    (void)refuse(
        report_next(p->report), "state", cell->name, name, NULL,
        "%s holds a struct %s, which means something else than in the version that runs: "
        "objects on the heap would keep the old meaning. Say EVOLVE_WAS(%s, ...) beside "
        "it, and EVOLVE_EDGE both ways; or EVOLVE_STATE(%s, ...), with edges of the "
        "whole",
        name, part->tag, part->tag, plan_tag(name));
}

/* Says whether INFO has a type with the bare name of T, and its form. */
static bool has_form(const struct cellinfo *info, const struct cell_type *t)
{
    uint32_t first;
    struct cell_type other;
    uint32_t count = cellinfo_types_called(info, cellinfo_bare_name(t->name), &first);
    for (uint32_t i = 0; i < count; i++) {
        cellinfo_type(info, first + i, &other);
        if (other.layout == t->layout)
            return true;
    }
    return false;
}

/* WAS may have become IS: they have one name. Where a second file begins or ends to have a type of that name, files are named in
 * one version only; then it may be any whose form nobody else has. */
static bool may_be(const struct cellinfo *old, const struct cell_type *was,
                   const struct cellinfo *fresh, const struct cell_type *is)
{
    struct cell_type t;
    if (strcmp(was->name, is->name) == 0)
        return true;
    return strcmp(cellinfo_bare_name(was->name), cellinfo_bare_name(is->name)) == 0 &&
           !cellinfo_type_named(fresh, was->name, &t) &&
           !cellinfo_type_named(old, is->name, &t) && !has_form(fresh, was) &&
           !has_form(old, is);
}

enum status plan_check_past(struct planning *p, struct plan_cell *cell,
                            const struct meanings *meanings)
{
    const struct cellinfo *old = &cell->old->info;
    const struct cellinfo *fresh = &cell->fresh->info;
    for (uint32_t i = 0; i < fresh->count[CELL_TYPES]; i++) {
        struct cell_type is;
        cellinfo_type(fresh, i, &is);
        for (uint32_t k = 0; k < old->count[CELL_TYPES]; k++) {
            struct cell_type was;
            cellinfo_type(old, k, &was);
            if (!may_be(old, &was, fresh, &is))
                continue;
            const struct part_way *part = meanings_part(meanings, FORM_NEW, is.name);
            bool turns = (part && part->keeper) ||
                         (meanings->any &&
                          plan_restated(cell, plan_tag(cellinfo_bare_name(is.name))));
            check_parts(p, cell, part, &was, &is);
            if (was.layout == is.layout && !turns)
                continue;
            enum status status = check_type(p, cell, meanings, turns, &was, &is);
            if (status != STATUS_OK)
                return status;
        }
    }
    return STATUS_OK;
}
