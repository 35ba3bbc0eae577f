/* Objects that move from one cell to another, or get another name: what splits, merges and renames do to data.
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
 *
 * A static that its cell calls otherwise (EVOLVE_RENAMED) is taken by the cell from itself, in the same way.
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

/* The source of INFO says that its object IS was called WAS. */
static bool was_called(const struct cellinfo *info, const char *was, const char *is)
{
    char mark[128];
    int len = snprintf(mark, sizeof mark, "renamed_%s_", was);
    return len > 0 && (size_t)len < sizeof mark && plan_info_marked(info, mark, is);
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

static enum status note(struct plan *plan, struct home *home, const char *cell,
                        const char *key)
{
    struct plan_taking *more =
        heap_grow_array(struct plan_taking, plan->takings, plan->taking_count + 1);
    if (!more)
        return STATUS_FULL;
    plan->takings = more;
    struct plan_taking *t = &more[plan->taking_count++];
    t->home = home;
    t->key = key;
    snprintf(t->cell, sizeof t->cell, "%s", cell);
    return STATUS_OK;
}

/* Says whether a mark leads from H, of the version OWNER, to KEY of V; OWN: both are of one cell. *out_known: it is V's. */
static bool leads(const struct home *h, bool own, const struct version *owner,
                  const struct version *v, const char *key, bool *out_known)
{
    *out_known = own ? was_called(&v->info, h->key, key) : was_of(&v->info, h->cell, key);
    return *out_known || (own ? was_called(&owner->info, key, h->key)
                              : was_of(&owner->info, v->info.name, key));
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
        bool own = strcmp(h->cell, v->info.name) == 0;
        bool taken;
        if (h->orphan || h->storage == CELL_STORE_RODATA ||
            (!own && strcmp(h->key, key) != 0))
            continue;
        const struct version *owner = namespace_running(p->plan->ns, h->cell);
        if (!owner || !has_home(owner, h))
            continue;
        if (!leads(h, own, owner, v, key, &taken))
            continue;
        bool stays = !loses(p, h->cell, h->key);
        if (stays && own && taken)
            return refuse(
                out_why, "data", v->info.name, key, NULL,
                "%s is said to be what %s was (EVOLVE_RENAMED), but %s has a %s "
                "too; give that another name, or go by a version between",
                key, h->key, v->info.name, h->key);
        if (stays) {
            kept = taken ? h : kept;
            continue;
        }
        if (given)
            return refuse(out_why, "data", v->info.name, key, h->cell,
                          "%s of %s may be %s of %s or %s of %s: marks (EVOLVE_TAKES, "
                          "EVOLVE_RENAMED) lead to both. Leave in the source only what "
                          "is meant, or go by a version between",
                          key, v->info.name, given->key, given->cell, h->key, h->cell);
        given = h;
    }
    *out = given ? given : kept;
    return *out ? note(p->plan, *out, v->info.name, key) : STATUS_OK;
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

/* Lends what else CELL takes HOME as, or NULL. */
static const char *other_name(const struct plan *plan, const struct home *home,
                              const char *cell, const char *key)
{
    for (uint32_t i = 0; i < plan->taking_count; i++) {
        const struct plan_taking *t = &plan->takings[i];
        if (t->home == home && strcmp(t->cell, cell) == 0 && strcmp(t->key, key) != 0)
            return t->key;
    }
    return NULL;
}

enum status plan_check_takeovers(struct planning *p, struct plan_cell *cell)
{
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < p->plan->taking_count && status == STATUS_OK; i++) {
        struct home *h = p->plan->takings[i].home;
        const char *key = p->plan->takings[i].key;
        if (strcmp(p->plan->takings[i].cell, cell->name) != 0)
            continue;
        const char *who = other_owner(p->plan, cell, h);
        const char *twin = other_name(p->plan, h, cell->name, key);
        struct plan_cell *from = plan_find(p->plan, h->cell);
        if (who)
            (void)refuse(
                report_next(p->report), "data", cell->name, h->key, who,
                "%s takes %s from %s, but %s has it too; an object belongs to one cell",
                cell->name, h->key, h->cell, who);
        else if (twin)
            (void)refuse(
                report_next(p->report), "data", cell->name, h->key, NULL,
                "marks say that %s of %s is called %s now, and %s too; an object "
                "has one name",
                h->key, cell->name, key, twin);
        else if (from->drains)
            (void)refuse(
                report_next(p->report), "lineage", cell->name, h->key, h->cell,
                "%s takes %s from %s, whose lineage drains: the version that runs goes "
                "on "
                "with it until the last of it is closed. Move it in a commit before",
                cell->name, h->key, h->cell);
        else
            status = plan_check_taken(p, cell, from, h, key);
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

static char *copy_of(const char *name)
{
    size_t len = strlen(name) + 1;
    char *copy = heap_new_array(char, len);
    if (copy)
        memcpy(copy, name, len);
    return copy;
}

static enum status add(struct plan *plan, struct home *home, const char *cell,
                       const char *key)
{
    struct plan_takeover *moved =
        heap_grow_array(struct plan_takeover, plan->takeovers, plan->takeover_count + 1);
    struct plan_takeover t = {home, copy_of(cell), copy_of(key)};
    if (moved)
        plan->takeovers = moved;
    if (!moved || !t.owner || !t.key) {
        heap_free(t.owner);
        heap_free(t.key);
        return STATUS_FULL;
    }
    plan->takeovers[plan->takeover_count++] = t;
    return STATUS_OK;
}

enum status plan_list_takeovers(struct planning *p)
{
    for (uint32_t k = 0; k < p->plan->cell_count; k++) {
        const struct plan_cell *cell = &p->plan->cells[k];
        for (uint32_t i = 1; cell->fresh && i < cell->fresh->elf.section_count; i++) {
            struct home *h = cell->fresh->section_home[i];
            struct cell_data d;
            if (!h || !cell->fresh->section_object[i])
                continue;
            cellinfo_data(&cell->fresh->info, cell->fresh->section_object[i] - 1, &d);
            if (strcmp(h->cell, cell->name) == 0 && strcmp(h->key, d.key) == 0)
                continue;
            enum status status = add(p->plan, h, cell->name, d.key);
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
        before = t->home->key;
        t->home->key = t->key;
        t->key = before;
        t->home->orphan = false;
    }
}

void plan_takeovers_fini(struct plan *plan)
{
    heap_free(plan->takings);
    for (uint32_t i = 0; i < plan->takeover_count; i++) {
        heap_free(plan->takeovers[i].owner);
        heap_free(plan->takeovers[i].key);
    }
    heap_free(plan->takeovers);
}
