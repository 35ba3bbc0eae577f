/* What the namespace says once a plan is entered, carried out, handed over, or taken back.
 * SPDX-License-Identifier: MIT
 */
#include <core/plan/private.h>

void plan_enter(struct plan *plan)
{
    for (uint32_t i = 0; i < plan->cell_count; i++)
        if (plan->cells[i].fresh)
            namespace_enter(plan->ns, plan->cells[i].fresh);
    plan->entered = true;
}

/* Of those stubs that are LATE, or of those that are not. */
static void stubs_follow(struct plan *plan, struct version *to, bool late)
{
    for (struct stub *s = plan->ns->stubs; s; s = s->next) {
        if (plan_is_late_stub(s) != late)
            continue;
        for (uint32_t i = 0; i < to->function_count; i++) {
            struct function *f = &to->functions[i];
            if (f->stub != s)
                continue;
            s->version = to;
            s->function = i;
        }
    }
}

/* A stub that does not lead to V stands for what it led to before the commit: a function of a cell that was removed
 * earlier, or none (evolve/ending.c leads it to a function of its own). */
static void stubs_forget(struct plan *plan, const struct version *v)
{
    for (struct stub *s = plan->ns->stubs; s; s = s->next) {
        uint64_t va = get_le64(cellmem_view(s->slot));
        if (s->version != v || va == v->functions[s->function].va)
            continue;
        struct version *was = namespace_version_at(plan->ns, va);
        const struct function *f = was ? version_function_at(was, va) : NULL;
        bool its_own = f && f->stub == s;
        s->version = its_own ? was : NULL;
        s->function = its_own ? (uint32_t)(f - was->functions) : 0;
    }
}

/* A constant object that the new version lacks may still be pointed to: it is kept. */
static void keep_constants(const struct plan_cell *cell)
{
    for (uint32_t i = 1; i < cell->old->elf.section_count; i++) {
        struct home *h = cell->old->section_home[i];
        bool shared = false;
        for (uint32_t k = 1; h && k < cell->fresh->elf.section_count; k++)
            shared = shared || cell->fresh->section_home[k] == h;
        if (h && !shared && h->storage == CELL_STORE_RODATA)
            h->refs++;
    }
}

/* Homes of a cell that goes: a cell of that name starts with fresh ones. */
static void set_orphan(const struct version *v, bool orphan)
{
    for (uint32_t i = 1; i < v->elf.section_count; i++)
        if (v->section_home[i])
            v->section_home[i]->orphan = orphan;
}

/* Says of the versions that late moves lead away from whether they WATCH. */
static void set_watching(struct plan *plan, bool watching)
{
    for (uint32_t i = 0; i < plan->move_count; i++)
        if (plan->moves[i].late)
            plan->moves[i].from->watching = watching;
}

static void moves_follow(struct plan *plan, bool late)
{
    for (uint32_t i = 0; i < plan->move_count; i++)
        if (plan->moves[i].late == late)
            import_link(plan->moves[i].import, plan->moves[i].to,
                        plan->moves[i].to_function);
}

void plan_commit(struct plan *plan)
{
    moves_follow(plan, false);
    set_watching(plan, true);
    for (uint32_t i = 0; i < plan->cell_count; i++) {
        struct plan_cell *cell = &plan->cells[i];
        if (cell->old) {
            cell->old->state = cell->drains ? VERSION_DRAINING : VERSION_RETIRED;
            cell->old->pinned |= cell->pins_old;
        }
        if (cell->drains && cell->fresh)
            set_orphan(cell->fresh, false);
        if (cell->old && cell->fresh && !cell->drains)
            keep_constants(cell);
        else if (cell->old)
            set_orphan(cell->old, true);
        if (cell->fresh) {
            cell->fresh->state = VERSION_RUNNING;
            loader_link(cell->fresh);
            stubs_follow(plan, cell->fresh, false);
            if (!cell->old)
                stubs_follow(plan, cell->fresh, true);
        }
    }
    plan_rehome(plan, false);
    plan_exchange_owners(plan);
    plan_keep_made(plan, FORM_OLD);
    plan->ns->generation++;
    plan->state = PLAN_COMMITTED;
}

void plan_handover(struct plan *plan)
{
    moves_follow(plan, true);
    set_watching(plan, false);
    for (uint32_t i = 0; i < plan->cell_count; i++)
        if (plan->cells[i].fresh)
            stubs_follow(plan, plan->cells[i].fresh, true);
    plan->ns->generation++;
}

void plan_revert(struct plan *plan)
{
    set_watching(plan, false);
    for (uint32_t i = 0; i < plan->move_count; i++)
        import_link(plan->moves[i].import, plan->moves[i].from,
                    plan->moves[i].from_function);
    for (uint32_t i = 0; i < plan->cell_count; i++) {
        struct plan_cell *cell = &plan->cells[i];
        if (cell->fresh)
            cell->fresh->state = cell->drains ? VERSION_DRAINING : VERSION_RETIRED;
        if (!cell->old || (cell->drains && cell->fresh))
            set_orphan(cell->fresh, true);
        if (cell->old && (!cell->fresh || cell->drains))
            set_orphan(cell->old, false);
        if (cell->old) {
            cell->old->state = VERSION_RUNNING;
            stubs_follow(plan, cell->old, false);
            stubs_follow(plan, cell->old, true);
        }
        if (cell->fresh)
            stubs_forget(plan, cell->fresh);
    }
    plan_rehome(plan, true);
    plan_exchange_owners(plan);
    plan_keep_made(plan, FORM_NEW);
    plan->ns->generation++;
    plan->state = PLAN_REVERTED;
}
