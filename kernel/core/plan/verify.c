/* The checks of stage `verify`: in both directions, before anything has changed.
 * SPDX-License-Identifier: MIT
 *
 * What a new cell imports was checked when it was relocated. Here: what stays and imports from
 * the cells that change, the data and types that they share, and the engine's own limits.
 */
#include <core/plan/meanings.h>

#include <stdio.h>
#include <string.h>

void plan_set_class(struct plan_cell *cell, enum plan_class class)
{
    if (cell->old && cell->fresh && class > cell->class)
        cell->class = class;
}

/* CELL no longer has what M imports; MOVED (NULL accepted) has it, but may not be used. */
static void refuse_loss(struct planning *p, const struct plan_cell *cell,
                        const struct import *m, const struct version *moved)
{
    const char *who = m->importer->info.name;
    if (moved)
        (void)refuse(
            report_next(p->report), "capability", cell->name, m->name, who,
            "%s moved from %s to %s, but %s, which calls it, does not list %s under "
            "uses",
            m->name, cell->name, moved->info.name, who, moved->info.name);
    else
        (void)refuse(report_next(p->report), "undefined", cell->name, m->name, who,
                     "%s would lose %s, which %s calls", cell->name, m->name, who);
}

/* Every importer that stays must find in the new versions what it has in the old ones. */
static void check_dependents(struct planning *p, struct plan_cell *cell)
{
    for (uint32_t i = 0; i < cell->old->function_count; i++) {
        const struct function *f = &cell->old->functions[i];
        for (const struct import *m = f->incoming; m; m = m->next_incoming) {
            const struct version *who = m->importer;
            if (!plan_lives_on(p->plan, who) ||
                (cell->drains && version_same_lineage(who, cell->old)))
                continue;
            struct version *provider = NULL;
            uint32_t to = 0;
            enum status status = plan_follow(p->plan, cell, m, &provider, &to);
            if (status != STATUS_OK) {
                refuse_loss(p, cell, m, status == STATUS_DENIED ? provider : NULL);
                continue;
            }
            uint64_t now = provider->functions[to].signature;
            if (!m->signature || !now || m->signature == now)
                continue;
            plan_set_class(cell, PLAN_SIGNATURE);
            (void)refuse(
                report_next(p->report), "signature", cell->name, f->name, who->info.name,
                "the signature of %s in %s changed, but %s still calls it with the "
                "old one; change both in one commit",
                f->name, cell->name, who->info.name);
        }
    }
}

static uint32_t count_statics(const struct version *v, const char *name)
{
    uint32_t count = 0;
    while (version_function(v, name, false, count) >= 0)
        count++;
    return count;
}

/* Statics of several files may share a name. If one comes or goes, nobody can tell which of
 * them a pointer taken before stands for. If all go, it stands for what it stood for, as that of any function that goes. */
static void check_twins(struct planning *p, const struct plan_cell *cell)
{
    for (const struct stub *s = p->plan->ns->stubs; s; s = s->next) {
        if (!s->cell || !s->version || s->version == cell->fresh ||
            strcmp(s->cell, cell->name) != 0)
            continue;
        uint32_t was = count_statics(s->version, s->name);
        uint32_t now = count_statics(cell->fresh, s->name);
        if (was == now || !now || (was < 2 && now < 2))
            continue;
        (void)refuse(
            report_next(p->report), "ambiguous", cell->name, s->name, NULL,
            "%s had %u functions called %s and now has %u; pointers to them cannot "
            "be told apart. Give one that is new another name; to rename or remove one "
            "of the old, give all of them other names in that commit",
            cell->name, was, s->name, now);
    }
}

/* Lends an object of the same type as H's that CELL begins, whose name may be that which H gets. NULL: none, or several. */
static const char *other_name(const struct plan_cell *cell, const struct home *h)
{
    const char *found = NULL;
    for (uint32_t i = 1; i < cell->fresh->elf.section_count; i++) {
        struct cell_data d;
        struct cell_data was;
        const struct home *to = cell->fresh->section_home[i];
        if (!to || to->storage == CELL_STORE_RODATA || to->type_hash != h->type_hash)
            continue;
        cellinfo_data(&cell->fresh->info, cell->fresh->section_object[i] - 1, &d);
        if (plan_object(cell->old, d.key, &was))
            continue;
        if (found)
            return NULL;
        found = to->key;
    }
    return found;
}

static void refuse_lost(struct planning *p, const struct plan_cell *cell,
                        const struct home *h)
{
    const char *to = other_name(cell, h);
    char was[PLAN_SOURCE_NAME];
    char is[PLAN_SOURCE_NAME] = "";
    char hint[64 + 2 * PLAN_SOURCE_NAME] = "";
    plan_source_name(was, h->key);
    if (to)
        plan_source_name(is, to);
    if (to && strlen(was) + strlen(is) < 64)
        snprintf(hint, sizeof hint, ". If it is %s now: EVOLVE_RENAMED(%s, %s)", to, was,
                 is);
    (void)plan_refuse_loss(report_next(p->report), cell->name, h->key,
                           "%s has no %s any more; its live value would be lost%s",
                           cell->name, h->key, hint);
}

/* A mutable object that the new version no longer has would take its live value with it. */
static enum status check_objects(struct planning *p, struct plan_cell *cell)
{
    enum status status = STATUS_OK;
    for (uint32_t i = 1; i < cell->old->elf.section_count && status == STATUS_OK; i++) {
        struct cell_data d;
        struct home *h = cell->old->section_home[i];
        if (!h || h->storage == CELL_STORE_RODATA || plan_object(cell->fresh, h->key, &d) ||
            plan_takes(p->plan, h) || plan_marked(cell->old, "scratch", h->key))
            continue;
        plan_set_class(cell, PLAN_DATA);
        bool folds = plan_folds(cell, h);
        if (plan_may_lose(p->plan, cell, h->key) ||
            (!folds && plan_refuse_heir(p, cell, h)))
            continue;
        if (folds)
            status = plan_fold(p, cell, h);
        else
            refuse_lost(p, cell, h);
    }
    return status;
}

/* CELL says that a type means something else than before, and OTHER, which shares it, does not. */
static bool disagree(const struct plan_cell *cell, const struct version *other,
                     const char *type)
{
    const char *tag = plan_tag(cellinfo_bare_name(type));
    return cell->old && plan_restated(cell, tag) &&
           plan_state(&cell->fresh->info, tag) != plan_state(&other->info, tag);
}

/* Cells that share a type must agree on it. */
static void compare_types(struct planning *p, struct plan_cell *cell,
                          const struct version *other)
{
    bool has_states = plan_has_states(&cell->fresh->info) ||
                      (cell->old && plan_has_states(&cell->old->info));
    for (uint32_t i = 0; i < cell->fresh->info.count[CELL_TYPES]; i++) {
        struct cell_type mine;
        cellinfo_type(&cell->fresh->info, i, &mine);
        if (!(mine.flags & CELL_TYPE_PUBLIC))
            continue;
        uint32_t first;
        uint32_t count =
            cellinfo_types_called(&other->info, cellinfo_bare_name(mine.name), &first);
        for (uint32_t k = 0; k < count; k++) {
            struct cell_type theirs;
            cellinfo_type(&other->info, first + k, &theirs);
            if (!(theirs.flags & CELL_TYPE_PUBLIC) || strcmp(mine.name, theirs.name) != 0)
                continue;
            if (mine.layout != theirs.layout)
                (void)refuse(
                    report_next(p->report), "type", cell->name, mine.name,
                    other->info.name,
                    "%s differs between the new %s and the running %s, which shares it; "
                    "both must come from one commit",
                    mine.name, cell->name, other->info.name);
            else if (has_states && disagree(cell, other, mine.name))
                (void)refuse(
                    report_next(p->report), "state", cell->name, mine.name,
                    other->info.name,
                    "%s means something else in the new %s, but not in %s, which shares "
                    "it; say EVOLVE_STATE in the header that declares it",
                    mine.name, cell->name, other->info.name);
        }
    }
}

/* Lineages of a group meet nowhere. */
static bool is_other_lineage(const struct version *v, const struct version *o)
{
    return version_in_group(o, v->info.lineage) && v->lineage != o->lineage;
}

/* Public types must mean the same in every cell that stays, or comes. */
static void check_types(struct planning *p, struct plan_cell *cell)
{
    for (const struct version *v = p->plan->ns->versions; v; v = v->next)
        if (plan_lives_on(p->plan, v) && !is_other_lineage(cell->fresh, v))
            compare_types(p, cell, v);
    for (uint32_t i = 0; i < p->plan->cell_count; i++)
        if (p->plan->cells[i].fresh && &p->plan->cells[i] > cell)
            compare_types(p, cell, p->plan->cells[i].fresh);
}

static void check_names_of(struct planning *p, const struct plan_cell *cell,
                           const struct version *other)
{
    for (uint32_t i = 0; i < cell->fresh->export_count; i++) {
        const char *name = cell->fresh->functions[cell->fresh->exports[i]].name;
        if (version_export(other, name) >= 0)
            (void)refuse(report_next(p->report), "duplicate", cell->name, name,
                         other->info.name,
                         "%s and %s both define %s; make one of them static or rename it",
                         cell->name, other->info.name, name);
    }
}

/* Two cells that export one name would make the meaning of a call depend on an order. */
static void check_names(struct planning *p, const struct plan_cell *cell)
{
    for (const struct version *v = p->plan->ns->versions; v; v = v->next)
        if (v->state == VERSION_RUNNING && !plan_find(p->plan, v->info.name))
            check_names_of(p, cell, v);
    for (uint32_t i = 0; i < p->plan->cell_count; i++)
        if (p->plan->cells[i].fresh && &p->plan->cells[i] > cell)
            check_names_of(p, cell, p->plan->cells[i].fresh);
}

static enum status check_data(struct planning *p, struct plan_cell *cell)
{
    struct meanings meanings;
    enum status status = meanings_init(&meanings, cell);
    if (status == STATUS_OK)
        status = check_objects(p, cell);
    if (status == STATUS_OK && !plan_in_closure(cell))
        status = plan_check_past(p, cell, &meanings);
    if (status == STATUS_OK)
        status = plan_migrate(p, cell, &meanings);
    meanings_fini(&meanings);
    return status;
}

enum status plan_check(struct planning *p)
{
    enum status status = callbacks_init(p);
    for (uint32_t i = 0; i < p->plan->cell_count && status == STATUS_OK; i++) {
        struct plan_cell *cell = &p->plan->cells[i];
        if (plan_in_closure(cell))
            status = plan_check_closure(p, cell);
        if (cell->old && !cell->unloaded)
            check_dependents(p, cell);
        if (cell->fresh) {
            check_names(p, cell);
            check_types(p, cell);
            if (status == STATUS_OK)
                status = plan_check_takeovers(p, cell);
        } else if (cell->class == PLAN_REMOVE && !cell->drains) {
            plan_check_removal(p, cell);
        }
        plan_check_lineage(p, cell);
        if (status == STATUS_OK)
            status = plan_note_made(p, cell);
        if (cell->old && cell->fresh && cell->drains) {
            plan_compare(cell);
        } else if (cell->old && cell->fresh) {
            check_twins(p, cell);
            if (status == STATUS_OK)
                status = check_data(p, cell);
            plan_compare(cell);
        }
    }
    callbacks_fini(p);
    plan_check_watch(p);
    plan_couple(p);
    plan_check_reach(p);
    return status;
}
