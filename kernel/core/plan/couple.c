/* Couples the cells of a set between which a contract changes: they change together or not at all.
 * SPDX-License-Identifier: MIT
 *
 * A function whose signature changes is called in the old form by old text alone and in the new
 * form by new text alone. So its cell and all cells of the set that call it are *coupled*: at
 * the commit no task may be inside their old text (evolve/drain.c sees to it), and what of the
 * old text is kept goes on to call old text. A caller that stays is refused.
 */
#include <core/plan/private.h>

static bool differ(uint64_t before, uint64_t now)
{
    return before && now && before != now;
}

/* A caller whose own declaration nobody knows (assembly) cannot be checked, so it must not stay. */
static void check_unknown(struct planning *p, const struct plan_cell *cell,
                          const struct function *f, const struct version *caller)
{
    (void)refuse(
        report_next(p->report), "signature", cell->name, f->name, caller->info.name,
        "the signature of %s in %s changed, but %s calls it from assembly; give the new "
        "form a new name",
        f->name, cell->name, caller->info.name);
}

static void couple_callers(struct planning *p, struct plan_cell *cell,
                           const struct function *was, const struct function *now)
{
    for (const struct import *m = was->incoming; m; m = m->next_incoming) {
        struct plan_cell *caller = plan_find(p->plan, m->importer->info.name);
        if (caller && caller->old == m->importer) {
            caller->coupled = true;
            cell->coupled = true;
        } else if (m->importer->state == VERSION_RUNNING && !m->signature) {
            check_unknown(p, cell, was, m->importer);
        } else if (differ(m->signature, now->signature)) {
            cell->coupled = true; /* an older version, with tasks in it perhaps */
        }
    }
}

/* Lends what NAME of CELL is in the new versions; it may have moved to another cell of the set. */
static const struct function *successor(const struct plan *plan,
                                        const struct plan_cell *cell, const char *name)
{
    int64_t f = cell->fresh ? version_export(cell->fresh, name) : -1;
    if (f >= 0)
        return &cell->fresh->functions[f];
    for (uint32_t i = 0; i < plan->cell_count; i++) {
        const struct version *v = plan->cells[i].fresh;
        f = v ? version_export(v, name) : -1;
        if (f >= 0)
            return &v->functions[f];
    }
    return NULL;
}

static void couple_functions(struct planning *p, struct plan_cell *cell)
{
    for (uint32_t i = 0; i < cell->old->export_count; i++) {
        const struct function *was = &cell->old->functions[cell->old->exports[i]];
        const struct function *now = successor(p->plan, cell, was->name);
        if (!now || !differ(was->signature, now->signature))
            continue;
        if (cell->fresh && cell->class < PLAN_SIGNATURE)
            cell->class = PLAN_SIGNATURE;
        couple_callers(p, cell, was, now);
        cell->coupled |= was->stub != NULL;
    }
}

/* The closure carries out the drain and the commit, so its contracts are frozen. */
static void check_closure(struct planning *p, const struct plan_cell *cell)
{
    if (cell->coupled && cell->old && (cell->old->info.flags & CELL_CLOSURE))
        (void)refuse(
            report_next(p->report), "coupled", cell->name, NULL, NULL,
            "a function that %s has or calls changed its signature; %s belongs to the "
            "engine that carries out swaps: give the new form a new name",
            cell->name, cell->name);
}

/* Cells whose data change were coupled before; frames of theirs may hold what was read in the old form. */
void plan_couple(struct planning *p)
{
    for (uint32_t i = 0; i < p->plan->cell_count; i++)
        p->plan->cells[i].reformed = p->plan->cells[i].coupled;
    for (uint32_t i = 0; i < p->plan->cell_count; i++)
        if (p->plan->cells[i].old && !p->plan->cells[i].unloaded &&
            !p->plan->cells[i].drains)
            couple_functions(p, &p->plan->cells[i]);
    for (uint32_t i = 0; i < p->plan->cell_count; i++)
        check_closure(p, &p->plan->cells[i]);
}

bool plan_coupled(const struct plan *plan)
{
    for (uint32_t i = 0; i < plan->cell_count; i++)
        if (plan->cells[i].coupled || plan->cells[i].drains)
            return true;
    return false;
}
