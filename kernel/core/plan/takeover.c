/* Objects that move from one cell to another: what splits and merges of cells do to data.
 * SPDX-License-Identifier: MIT
 *
 * A cell whose source says EVOLVE_TAKES(other, name) is given the home that the other cell has for
 * that object. Nothing is copied: the home only changes its owner's name at the
 * commit, and gets the old one back at a revert. Both names are there before the commit.
 *
 * The mark counts in the version that comes and in the one that runs: who comes from before the move cannot know of it, but
 * the owner of today knows whose the object was. Marks stay in the source, so the last of a row of owners
 * names all before it, and whoever of them comes or runs, two of a row know of each other. A name may be used again
 * meanwhile; where marks then lead to two objects, nobody guesses.
 */
#include <core/plan/private.h>

#include <lib/base/evolve.h>
#include <mm/heap/heap.h>
#include <stdio.h>
#include <string.h>

static bool has_home(const struct version *v, const struct home *home)
{
    for (uint32_t i = 1; v && i < v->elf.section_count; i++)
        if (v->section_home[i] == home)
            return true;
    return false;
}

/* The source of INFO says that its object KEY was the one of CELL. */
static bool was_of(const struct cellinfo *info, const char *cell, const char *key)
{
    char mark[sizeof "takes__" + CELL_NAME_MAX];
    snprintf(mark, sizeof mark, "takes_%s_", cell);
    return plan_info_marked(info, mark, key);
}

/* CELL, which runs, goes, or its next version has no KEY. */
static bool loses(const struct planning *p, const char *cell, const char *key)
{
    for (uint32_t i = 0; i < p->remove_count; i++)
        if (strcmp(p->remove[i], cell) == 0)
            return true;
    for (uint32_t i = 0; i < p->set_count; i++) {
        struct elf_object elf;
        struct cellinfo info;
        struct cell_data d;
        const char *text;
        if (elf_open(p->set[i].bytes, p->set[i].len, &elf, &text) == STATUS_OK &&
            cellinfo_open(&elf, &info, &text) == STATUS_OK && strcmp(info.name, cell) == 0)
            return !plan_info_object(&info, key, &d);
    }
    return false;
}

static enum status note(struct plan *plan, struct home *home, const char *cell)
{
    struct plan_taking *more =
        heap_grow_array(struct plan_taking, plan->takings, plan->taking_count + 1);
    if (!more)
        return STATUS_FULL;
    plan->takings = more;
    struct plan_taking *t = &more[plan->taking_count++];
    t->home = home;
    snprintf(t->cell, sizeof t->cell, "%s", cell);
    return STATUS_OK;
}

/* The planning stays its caller's. */
EVOLVE_LENT(plan_take);
enum status plan_take(void *context, const struct version *v, const char *key,
                      struct home **out, struct refusal *out_why)
{
    const struct planning *p = context;
    struct home *given = NULL;
    struct home *kept =
        NULL; /* marked, but it stays with its owner: the plan has a word about it */
    for (struct home *h = p->plan->ns->homes; h; h = h->next) {
        if (h->orphan || h->storage == CELL_STORE_RODATA || strcmp(h->key, key) != 0)
            continue;
        const struct version *owner = namespace_running(p->plan->ns, h->cell);
        if (!owner || !has_home(owner, h))
            continue;
        bool taken = was_of(&v->info, h->cell, key);
        if (!taken && !was_of(&owner->info, v->info.name, key))
            continue;
        if (!loses(p, h->cell, key)) {
            kept = taken ? h : kept;
            continue;
        }
        if (given)
            return refuse(
                out_why, "data", v->info.name, key, h->cell,
                "%s of %s may be the one of %s or the one of %s: marks (EVOLVE_TAKES) "
                "lead to both. Leave in the source only what is meant, or go by a "
                "version "
                "between",
                key, v->info.name, given->cell, h->cell);
        given = h;
    }
    *out = given ? given : kept;
    return *out ? note(p->plan, *out, v->info.name) : STATUS_OK;
}

bool plan_takes(const struct plan *plan, const struct home *home)
{
    for (uint32_t i = 0; i < plan->taking_count; i++)
        if (plan->takings[i].home == home)
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
    for (uint32_t i = 0; i < plan->taking_count; i++)
        if (plan->takings[i].home == home && strcmp(plan->takings[i].cell, cell->name) != 0)
            return plan->takings[i].cell;
    return NULL;
}

static bool means_the_same(const struct plan_cell *cell, const struct plan_cell *from,
                           const struct home *home)
{
    return plan_state(&from->old->info, home->key) ==
           plan_state(&cell->fresh->info, home->key);
}

enum status plan_check_takeovers(struct planning *p, struct plan_cell *cell)
{
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < p->plan->taking_count && status == STATUS_OK; i++) {
        struct home *h = p->plan->takings[i].home;
        if (strcmp(p->plan->takings[i].cell, cell->name) != 0)
            continue;
        const char *who = other_owner(p->plan, cell, h);
        struct plan_cell *from = plan_find(p->plan, h->cell);
        if (who)
            (void)refuse(
                report_next(p->report), "data", cell->name, h->key, who,
                "%s takes %s from %s, but %s has it too; an object belongs to one cell",
                cell->name, h->key, h->cell, who);
        else if (from->drains)
            (void)refuse(
                report_next(p->report), "lineage", cell->name, h->key, h->cell,
                "%s takes %s from %s, whose lineage drains: the version that runs goes "
                "on "
                "with it until the last of it is closed. Move it in a commit before",
                cell->name, h->key, h->cell);
        else if (!means_the_same(cell, from, h))
            (void)refuse(
                report_next(p->report), "state", cell->name, h->key, h->cell,
                "%s takes %s from %s, but with another meaning (EVOLVE_STATE); an object "
                "changes its cell in one commit and its meaning in another, and who "
                "skips "
                "one goes by it",
                cell->name, h->key, h->cell);
        else
            status = plan_check_taken(p, cell, from, h);
    }
    return status;
}

/* Lends the cell of the set that has what HOME, which CELL loses, may have been meant to become: it begins an object of
 * that name and type, or a mark of either says that the one was the other's. NULL: none. */
static const struct plan_cell *heir(const struct plan *plan, const struct plan_cell *cell,
                                    const struct home *home)
{
    for (uint32_t i = 0; i < plan->cell_count; i++) {
        const struct plan_cell *c = &plan->cells[i];
        struct cell_data d;
        struct cell_data was;
        uint32_t at = c->fresh && c != cell ? plan_object(c->fresh, home->key, &d) : 0;
        if (!at || strcmp(c->fresh->section_home[at]->cell, c->name) != 0)
            continue;
        if (c->old && plan_object(c->old, home->key, &was)
                ? was_of(&c->fresh->info, cell->name, home->key) ||
                      was_of(&cell->old->info, c->name, home->key)
                : d.type_hash == home->type_hash)
            return c;
    }
    return NULL;
}

bool plan_refuse_heir(struct planning *p, const struct plan_cell *cell,
                      const struct home *home)
{
    const struct plan_cell *to = heir(p->plan, cell, home);
    if (!to)
        return false;
    struct refusal *r = report_next(p->report);
    char name[PLAN_SOURCE_NAME];
    plan_source_name(name, home->key);
    (void)plan_refuse_loss(r, cell->name, home->key,
                           "%s loses %s; %s has one. To keep it: EVOLVE_TAKES(%s, %s) in "
                           "%s, or EVOLVE_TAKES(%s, %s) in the %s that runs",
                           cell->name, home->key, to->name, cell->name, name, to->name,
                           to->name, name, cell->name);
    snprintf(r->dependent, sizeof r->dependent, "%s", to->name);
    return true;
}

void plan_check_removal(struct planning *p, const struct plan_cell *cell)
{
    for (uint32_t i = 1; i < cell->old->elf.section_count; i++) {
        const struct home *h = cell->old->section_home[i];
        if (!h || h->storage == CELL_STORE_RODATA || plan_takes(p->plan, h) ||
            plan_may_lose(p->plan, cell, h->key))
            continue;
        plan_refuse_heir(p, cell, h);
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
    heap_free(plan->takings);
    for (uint32_t i = 0; i < plan->takeover_count; i++)
        heap_free(plan->takeovers[i].owner);
    heap_free(plan->takeovers);
}
