/* The engine swaps itself: what of it gives way late, and what is refused.
 * SPDX-License-Identifier: MIT
 *
 * The *closure* are the cells that carry out a swap and can take it back: commit, guard, entry.
 * They are swapped like others, by their old versions, with two rules of their own.
 *
 * What watches a trial stays old until the trial is over, so that a bad successor cannot keep
 * it from being taken back: the guard, all that the guard calls, and the ways into it, which
 * are the vectors of exceptions and the NMI, the call of the fault handler, and what that calls
 * before it calls the guard. The moves that lead there are late; new cells call the old guard too.
 *
 * Old and new versions of these cells work at the same time, some of it within one park, with nobody there who could
 * wait for the other to be done. So an object whose form changes has a new home, and its old version goes on with the old
 * one: nothing of what a bad version made of its data comes back with it. The new object has its initialiser
 * (EVOLVE_SCRATCH), or takes over fields by name: at the commit, or, if its cell watches the trial, at the handover
 * (migrate.c). Types of public headers are in the hands of the attempt that is under way, so they keep their form.
 */
#include <core/plan/private.h>

#include <string.h>

enum { EXCEPTIONS = 32 };

static bool is_closure(const struct version *v)
{
    return v && (v->info.flags & CELL_CLOSURE);
}

static bool is_cell(const struct version *v, const char *name)
{
    return strcmp(v->info.name, name) == 0;
}

/* ---- what is late -------------------------------------------------------------------------- */

static bool leads_to_watch(const struct plan_move *m)
{
    const struct version *importer = m->import->importer;
    return is_cell(importer, "guard") || is_cell(m->from, "guard") ||
           (is_cell(importer, "entry") && strcmp(m->import->name, "fault_handle") == 0) ||
           (is_cell(importer, "fault") &&
            (strcmp(m->import->name, "stale_fault") == 0 ||
             strcmp(m->import->name, "stale_withdrawn") == 0));
}

/* Old text of a coupled cell may not go on, it would find data or callees of another form. */
bool plan_is_late_move(const struct plan *plan, const struct plan_move *m)
{
    const struct plan_cell *cell = plan_find(plan, m->from->info.name);
    return leads_to_watch(m) && !(cell && cell->coupled);
}

/* Gives the vector that NAME is the entry of, or EXCEPTIONS for one above. */
static unsigned vector_of(const char *name)
{
    static const char prefix[] = "entry_vector_";
    unsigned vector = 0;
    if (strncmp(name, prefix, sizeof prefix - 1) != 0)
        return EXCEPTIONS;
    for (const char *at = name + sizeof prefix - 1; *at && vector < EXCEPTIONS; at++)
        vector = vector * 10 + (unsigned)(*at - '0');
    return vector;
}

bool plan_is_late_stub(const struct stub *s)
{
    return s->version && is_cell(s->version, "entry") &&
           (strcmp(s->name, "nmi_entry") == 0 || vector_of(s->name) < EXCEPTIONS);
}

void plan_split(struct plan *plan)
{
    uint32_t early = 0;
    for (uint32_t i = 0; i < plan->poke_count; i++) {
        struct poke k = plan->pokes[i];
        if (k.late)
            continue;
        plan->pokes[i] = plan->pokes[early];
        plan->pokes[early++] = k;
    }
    plan->late_count = plan->poke_count - early;
    plan->poke_count = early;
}

/* ---- what is refused ----------------------------------------------------------------------- */

static void refuse_form(struct planning *p, const struct plan_cell *cell, const char *what)
{
    (void)refuse(
        report_next(p->report), "closure", cell->name, what, NULL,
        "%s changed its form, which the old and the new %s share while the engine swaps "
        "itself; put the new form beside it under another name, and drop the old one in "
        "a later commit",
        what, cell->name);
}

static enum status check_types(struct planning *p, const struct plan_cell *cell)
{
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < cell->fresh->info.count[CELL_TYPES]; i++) {
        struct cell_type now;
        cellinfo_type(&cell->fresh->info, i, &now);
        for (uint32_t k = 0; k < cell->old->info.count[CELL_TYPES]; k++) {
            struct cell_type was;
            bool same;
            cellinfo_type(&cell->old->info, k, &was);
            if (!(now.flags & was.flags & CELL_TYPE_PUBLIC) ||
                strcmp(was.name, now.name) != 0)
                continue;
            if (plan_restated(cell, plan_tag(cellinfo_bare_name(now.name))))
                refuse_form(p, cell, now.name);
            if (was.layout == now.layout)
                continue;
            status = plan_same_form(cell, was.name, now.name, &same);
            if (status != STATUS_OK)
                return status;
            if (!same)
                refuse_form(p, cell, now.name);
        }
    }
    return STATUS_OK;
}

enum status plan_may_rewrite(struct planning *p, const struct version *fresh,
                             uint32_t section)
{
    if (!is_closure(fresh))
        return STATUS_OK;
    refuse_form(p, plan_find(p->plan, fresh->info.name),
                fresh->section_home[section]->key);
    return STATUS_DENIED;
}

/* The guard's successor has to show that it works before it is trusted to watch. */
static void check_rehearsal(struct planning *p, const struct plan_cell *cell)
{
    if (is_cell(cell->old, "guard") && version_export(cell->fresh, "guard_evolved") < 0)
        (void)refuse(
            report_next(p->report), "closure", cell->name, "guard_evolved", NULL,
            "the new guard has no guard_evolved(): nobody could tell whether it works "
            "before it watches");
}

/* During the trial the guard that was there is called, with data of its own form. */
void plan_check_watch(struct planning *p)
{
    const struct plan_cell *guard = plan_find(p->plan, "guard");
    if (!p->plan->late.count)
        return;
    for (uint32_t i = 0; i < p->plan->cell_count; i++) {
        const struct version *v = p->plan->cells[i].fresh;
        for (uint32_t k = 0; v && k < v->import_count; k++)
            if (v->imports[k].provider == guard->fresh)
                (void)refuse(report_next(p->report), "closure", v->info.name,
                             v->imports[k].name, "guard",
                             "%s calls %s, which only the new guard has; it has data of "
                             "another form "
                             "and takes over when the trial is over: bring that function "
                             "one commit before",
                             v->info.name, v->imports[k].name);
    }
}

static bool changes_sides(const struct plan_cell *cell)
{
    return cell->old && cell->fresh && is_closure(cell->old) != is_closure(cell->fresh);
}

bool plan_in_closure(const struct plan_cell *cell)
{
    return is_closure(cell->old) || is_closure(cell->fresh);
}

enum status plan_check_closure(struct planning *p, const struct plan_cell *cell)
{
    if (cell->unloaded || !cell->old)
        return STATUS_OK;
    if (!cell->fresh)
        (void)refuse(report_next(p->report), "closure", cell->name, NULL, NULL,
                     "%s carries out swaps: without it there would never be another one",
                     cell->name);
    if (changes_sides(cell))
        (void)refuse(report_next(p->report), "closure", cell->name, NULL, NULL,
                     "%s cannot %s the engine's closure while it runs: its cell.mk said "
                     "otherwise when it was loaded",
                     cell->name, is_closure(cell->old) ? "leave" : "join");
    if (!cell->fresh || changes_sides(cell))
        return STATUS_OK;
    check_rehearsal(p, cell);
    return check_types(p, cell);
}
