/* Objects that move from one cell to another: what splits and merges of cells do to data.
 * SPDX-License-Identifier: MIT
 *
 * A cell whose source says EVOLVE_TAKES(other, name) is given the home that the other cell has for
 * that object (loader/place.c). Nothing is copied: the home only changes its owner's name at the
 * commit, and gets the old one back at a revert. Both names are there before the commit.
 */
#include <core/plan/private.h>

#include <mm/heap/heap.h>
#include <string.h>

static bool has_home(const struct version *v, const struct home *home)
{
    for (uint32_t i = 1; v && i < v->elf.section_count; i++)
        if (v->section_home[i] == home)
            return true;
    return false;
}

bool plan_takes(const struct plan *plan, const struct home *home)
{
    for (uint32_t i = 0; i < plan->cell_count; i++)
        if (strcmp(plan->cells[i].name, home->cell) != 0 &&
            has_home(plan->cells[i].fresh, home))
            return true;
    return false;
}

/* Lends the name of who keeps HOME besides CELL, or NULL. */
static const char *other_owner(const struct plan *plan, const struct plan_cell *cell,
                               const struct home *home)
{
    if (!plan_find(plan, home->cell))
        return home->cell;
    for (uint32_t i = 0; i < plan->cell_count; i++)
        if (&plan->cells[i] != cell && has_home(plan->cells[i].fresh, home))
            return plan->cells[i].name;
    return NULL;
}

static bool means_the_same(const struct plan *plan, const struct plan_cell *cell,
                           const struct home *home)
{
    const struct plan_cell *from = plan_find(plan, home->cell);
    return !from || !from->old ||
           plan_state(&from->old->info, home->key) ==
               plan_state(&cell->fresh->info, home->key);
}

void plan_check_takeovers(struct planning *p, const struct plan_cell *cell)
{
    for (uint32_t i = 1; i < cell->fresh->elf.section_count; i++) {
        struct cell_data d;
        const struct home *h = cell->fresh->section_home[i];
        if (!h || strcmp(h->cell, cell->name) == 0)
            continue;
        const char *who = other_owner(p->plan, cell, h);
        cellinfo_data(&cell->fresh->info, cell->fresh->section_object[i] - 1, &d);
        if (!who && (d.type_hash != h->type_hash || d.len != h->len))
            (void)refuse(
                report_next(p->report), "data", cell->name, h->key, h->cell,
                "%s takes %s from %s, but with another type; an object changes its cell "
                "in one commit and its type in another",
                cell->name, h->key, h->cell);
        if (!who && !means_the_same(p->plan, cell, h))
            (void)refuse(
                report_next(p->report), "state", cell->name, h->key, h->cell,
                "%s takes %s from %s, but with another meaning (EVOLVE_STATE); an object "
                "changes its cell in one commit and its meaning in another",
                cell->name, h->key, h->cell);
        if (who)
            (void)refuse(
                report_next(p->report), "data", cell->name, h->key, who,
                "%s takes %s from %s, but %s has it too; an object belongs to one cell",
                cell->name, h->key, h->cell, who);
    }
}

/* Lends the cell of the set that begins an object afresh which looks like HOME, or NULL. */
static const struct plan_cell *lookalike(const struct plan *plan, const struct home *home)
{
    for (uint32_t i = 0; i < plan->cell_count; i++) {
        const struct version *v = plan->cells[i].fresh;
        for (uint32_t k = 1; v && !plan->cells[i].old && k < v->elf.section_count; k++) {
            const struct home *h = v->section_home[k];
            if (h && h != home && h->refs == 1 && h->type_hash == home->type_hash &&
                strcmp(h->key, home->key) == 0)
                return &plan->cells[i];
        }
    }
    return NULL;
}

void plan_check_removal(struct planning *p, const struct plan_cell *cell)
{
    for (uint32_t i = 1; i < cell->old->elf.section_count; i++) {
        const struct home *h = cell->old->section_home[i];
        if (!h || h->storage == CELL_STORE_RODATA || plan_takes(p->plan, h))
            continue;
        const struct plan_cell *by = lookalike(p->plan, h);
        if (by)
            (void)refuse(
                report_next(p->report), "data", by->name, h->key, cell->name,
                "%s goes and %s comes, and both have a %s of the same type. To keep its "
                "value say EVOLVE_TAKES(%s, %s) in %s; else give it another name",
                cell->name, by->name, h->key, cell->name, h->key, by->name);
    }
}

static enum status add(struct plan *plan, struct home *home, const char *name)
{
    size_t len = strlen(name) + 1;
    struct plan_takeover *moved =
        heap_grow_array(struct plan_takeover, plan->takeovers, plan->takeover_count + 1);
    char *copy = heap_new_array(char, len);
    if (moved)
        plan->takeovers = moved;
    if (!moved || !copy) {
        heap_free(copy);
        return STATUS_FULL;
    }
    memcpy(copy, name, len);
    plan->takeovers[plan->takeover_count++] = (struct plan_takeover){home, copy};
    return STATUS_OK;
}

enum status plan_list_takeovers(struct planning *p)
{
    for (uint32_t k = 0; k < p->plan->cell_count; k++) {
        const struct plan_cell *cell = &p->plan->cells[k];
        for (uint32_t i = 1; cell->fresh && i < cell->fresh->elf.section_count; i++) {
            struct home *h = cell->fresh->section_home[i];
            if (!h || strcmp(h->cell, cell->name) == 0)
                continue;
            enum status status = add(p->plan, h, cell->name);
            if (status != STATUS_OK)
                return status;
        }
    }
    return STATUS_OK;
}

void plan_exchange_owners(struct plan *plan)
{
    for (uint32_t i = 0; i < plan->takeover_count; i++) {
        struct plan_takeover *t = &plan->takeovers[i];
        char *before = t->home->cell;
        t->home->cell = t->owner;
        t->owner = before;
        t->home->orphan = false;
    }
}

void plan_takeovers_fini(struct plan *plan)
{
    for (uint32_t i = 0; i < plan->takeover_count; i++)
        heap_free(plan->takeovers[i].owner);
    heap_free(plan->takeovers);
}
