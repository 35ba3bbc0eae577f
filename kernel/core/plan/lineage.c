/* Cells that are replaced beside what runs, instead of in its place.
 * SPDX-License-Identifier: MIT
 *
 * A library whose objects lie on the heap of its users cannot be asked where they are. If such an object's form changes,
 * the cells of its group (cell.mk, `lineage`) *drain*: all of them are loaded once more, with stubs and homes of their own,
 * also those that did not change. At the commit callers from outside are led to the new lineage; what they hold of the old
 * one they call through pointers that they got with it, so it goes on there, and the old lineage's own calls stay in it.
 *
 * Rules, checked before anything changes:
 *  1. whoever goes on to run, the old lineage included, must find what it imports as it was;
 *  2. a type that the group shares with cells outside keeps its form: objects of it cross;
 *  3. nobody outside has an address of a function of the group as a constant: it would lead to the old one for ever;
 *  4. at most LINEAGES_MAX older lineages of a group are in use: each takes the memory of a library.
 */
#include <core/plan/fieldmap.h>
#include <core/plan/private.h>

#include <mm/heap/heap.h>
#include <stdio.h>
#include <string.h>

enum { LINEAGES_MAX = 3, WALK_NAME_MAX = 128 };

static bool same_group(const struct cellinfo *a, const struct cellinfo *b)
{
    return a->lineage && b->lineage && strcmp(a->lineage, b->lineage) == 0;
}

/* ---- what drains --------------------------------------------------------------------------- */

enum status plan_same_text(const struct cellinfo *old, const char *was,
                           const struct cellinfo *fresh, const char *is, bool *out_same)
{
    struct fieldmap map;
    struct type from;
    struct type to;
    type_read(old, was, &from);
    type_read(fresh, is, &to);
    enum status status = fieldmap_build(&from, from.len, &to, to.len, false, &map);
    *out_same = status == STATUS_OK && map.identical;
    fieldmap_fini(&map);
    return status == STATUS_FULL ? STATUS_FULL : STATUS_OK;
}

static bool knows_type(const struct cellinfo *info, const char *name)
{
    for (uint32_t i = 0; i < info->count[CELL_TYPES]; i++) {
        struct cell_type t;
        cellinfo_type(info, i, &t);
        if ((t.flags & CELL_TYPE_PUBLIC) && strcmp(t.name, name) == 0)
            return true;
    }
    return false;
}

/* Somebody outside has it too: then a lineage of its own would not help. */
static bool is_shared(const struct namespace *ns, const struct version *old,
                      const char *name)
{
    for (const struct version *v = ns->versions; v; v = v->next)
        if (v->state == VERSION_RUNNING && !same_group(&v->info, &old->info) &&
            knows_type(&v->info, name))
            return true;
    return false;
}

static bool has_walk(const struct cellinfo *fresh, const char *tag)
{
    char wanted[WALK_NAME_MAX];
    snprintf(wanted, sizeof wanted, "evolve_walk_%s", tag);
    for (uint32_t i = 0; i < fresh->count[CELL_FUNCTIONS]; i++) {
        struct cell_function f;
        cellinfo_function(fresh, i, &f);
        if (strcmp(f.name, wanted) == 0)
            return true;
    }
    return false;
}

/* Of a library that says nothing of states there is nothing to compare. */
static bool have_states(const struct cellinfo *a, const struct cellinfo *b)
{
    return plan_has_states(a) || plan_has_states(b);
}

static bool same_state(const struct cellinfo *a, const struct cellinfo *b, bool states,
                       const char *key)
{
    return !states || plan_state(a, key) == plan_state(b, key);
}

/* Objects of this type cannot follow into its new form, as far as the source says. */
static enum status type_drains(const struct plan *plan, const struct version *old,
                               const struct cell_type *was, const struct cellinfo *fresh,
                               const struct cell_type *is, bool states, bool *out_drains)
{
    const char *how;
    bool same = false;
    const char *name = cellinfo_bare_name(was->name);
    const char *tag = plan_tag(name);
    if (strcmp(was->name, is->name) != 0 ||
        (was->layout == is->layout && same_state(&old->info, fresh, states, tag)))
        return STATUS_OK;
    enum status status = plan_same_text(&old->info, was->name, fresh, is->name, &same);
    same = same && same_state(&old->info, fresh, states, tag);
    if (status == STATUS_OK && !same && !is_shared(plan->ns, old, name) &&
        !plan_info_marked(fresh, "no_heap", tag) && !has_walk(fresh, tag) &&
        !plan_info_marked(fresh, "frozen", tag) && !plan_marked(old, "frozen", tag) &&
        plan_who_has(plan, old, fresh, was, &how))
        *out_drains = true;
    return status;
}

static enum status types_drain(const struct plan *plan, const struct version *old,
                               const struct cellinfo *fresh, bool *out_drains)
{
    enum status status = STATUS_OK;
    bool states = have_states(&old->info, fresh);
    for (uint32_t i = 0; i < fresh->count[CELL_TYPES]; i++) {
        struct cell_type is;
        cellinfo_type(fresh, i, &is);
        for (uint32_t k = 0; k < old->info.count[CELL_TYPES]; k++) {
            struct cell_type was;
            cellinfo_type(&old->info, k, &was);
            if (status == STATUS_OK && !*out_drains)
                status = type_drains(plan, old, &was, fresh, &is, states, out_drains);
        }
    }
    return status;
}

bool plan_info_object(const struct cellinfo *info, const char *key, struct cell_data *out)
{
    for (uint32_t i = 0; i < info->count[CELL_DATA]; i++) {
        cellinfo_data(info, i, out);
        if (strcmp(out->key, key) == 0)
            return true;
    }
    return false;
}

/* A library's statics belong to what it made: if one goes or changes its form, it is another library. */
static enum status objects_drain(const struct version *old, const struct cellinfo *fresh,
                                 bool *out_drains)
{
    enum status status = STATUS_OK;
    bool states = have_states(&old->info, fresh);
    for (uint32_t i = 1; i < old->elf.section_count && status == STATUS_OK; i++) {
        struct cell_data was;
        struct cell_data is;
        bool same = true;
        const struct home *h = old->section_home[i];
        if (!h)
            continue;
        cellinfo_data(&old->info, old->section_object[i] - 1, &was);
        bool found = plan_info_object(fresh, was.key, &is);
        bool constant = h->storage == CELL_STORE_RODATA;
        if (!found)
            same = constant || plan_info_marked(fresh, "drops", was.key) ||
                   plan_marked(old, "drops", was.key);
        else if (constant != (is.storage == CELL_STORE_RODATA))
            same = false;
        else if (!constant && was.type_hash != is.type_hash)
            status = plan_same_text(&old->info, was.type_name, fresh, is.type_name, &same);
        same = same &&
               (!found || constant || same_state(&old->info, fresh, states, was.key));
        *out_drains = *out_drains || !same;
    }
    return status;
}

static uint32_t count_statics(const struct cellinfo *info, const char *name)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < info->count[CELL_FUNCTIONS]; i++) {
        struct cell_function f;
        cellinfo_function(info, i, &f);
        count += !(f.flags & CELL_FUNC_GLOBAL) && strcmp(f.name, name) == 0;
    }
    return count;
}

/* Nobody could tell which of several statics of one name a pointer stands for (as check_twins() in verify.c). */
static bool twins_drain(const struct namespace *ns, const struct version *old,
                        const struct cellinfo *fresh)
{
    for (const struct stub *s = ns->stubs; s; s = s->next) {
        if (!s->cell || s->version != old)
            continue;
        uint32_t was = count_statics(&old->info, s->name);
        uint32_t now = count_statics(fresh, s->name);
        if (was != now && (was > 1 || now > 1))
            return true;
    }
    return false;
}

static struct plan_lineage *lineage_called(struct plan *plan, const char *group)
{
    for (uint32_t i = 0; i < plan->lineage_count; i++)
        if (strcmp(plan->lineages[i].group, group) == 0)
            return &plan->lineages[i];
    return NULL;
}

const struct plan_lineage *plan_lineage_of(const struct plan *plan, const char *group)
{
    return group ? lineage_called((struct plan *)plan, group) : NULL;
}

/* The lineage that comes is the one after all that are, or were. */
static void note_lineage(struct plan *plan, const char *group)
{
    struct plan_lineage *l = lineage_called(plan, group);
    if (l || plan->lineage_count == PLAN_LINEAGES)
        return;
    l = &plan->lineages[plan->lineage_count++];
    snprintf(l->group, sizeof l->group, "%s", group);
    for (const struct version *v = plan->ns->versions; v; v = v->next)
        if (version_in_group(v, group) && v->lineage >= l->number)
            l->number = v->lineage + 1;
}

enum status plan_find_lineages(struct plan *plan, const struct plan_object *set,
                               uint32_t set_count)
{
    for (uint32_t i = 0; i < set_count; i++) {
        struct elf_object elf;
        struct cellinfo fresh;
        const char *why;
        bool drains = false;
        if (elf_open(set[i].bytes, set[i].len, &elf, &why) != STATUS_OK ||
            cellinfo_open(&elf, &fresh, &why) != STATUS_OK)
            continue; /* the loader says so */
        const struct version *old = namespace_running(plan->ns, fresh.name);
        if (!old || !same_group(&old->info, &fresh))
            continue;
        enum status status = types_drain(plan, old, &fresh, &drains);
        if (status == STATUS_OK && !drains)
            status = objects_drain(old, &fresh, &drains);
        drains = drains || twins_drain(plan->ns, old, &fresh);
        if (status != STATUS_OK)
            return status;
        if (drains)
            note_lineage(plan, fresh.lineage);
    }
    return STATUS_OK;
}

uint32_t plan_lineage_number(const struct plan *plan, const struct version *old,
                             const char *group)
{
    const struct plan_lineage *l = plan_lineage_of(plan, old ? old->info.lineage : group);
    if (l || old)
        return l ? l->number : old->lineage;
    for (const struct version *v = plan->ns->versions; v; v = v->next)
        if (v->state == VERSION_RUNNING && version_in_group(v, group))
            return v->lineage;
    return 0;
}

/* ---- what has to come along ---------------------------------------------------------------- */

const struct version *plan_next_to_bring(const struct plan *plan)
{
    for (const struct version *v = plan->ns->versions; v; v = v->next)
        if (v->state == VERSION_RUNNING && plan_lineage_of(plan, v->info.lineage) &&
            !plan_find(plan, v->info.name))
            return v;
    return NULL;
}

bool plan_lives_on(const struct plan *plan, const struct version *v)
{
    if (v->state != VERSION_RUNNING)
        return v->state == VERSION_DRAINING;
    const struct plan_cell *cell = plan_find(plan, v->info.name);
    return !cell || cell->drains;
}

/* ---- what is refused ----------------------------------------------------------------------- */

/* Rule 4. LINEAGE 0 may drain too, so numbers are counted, not compared. */
static uint32_t count_draining(const struct namespace *ns, const char *group)
{
    uint32_t count = 0;
    for (const struct version *v = ns->versions; v; v = v->next) {
        bool first = v->state == VERSION_DRAINING && version_in_group(v, group);
        for (const struct version *o = ns->versions; o != v && first; o = o->next)
            first = o->state != VERSION_DRAINING || !version_same_lineage(o, v);
        count += first;
    }
    return count;
}

static bool is_first(const struct plan *plan, const struct plan_cell *cell)
{
    for (const struct plan_cell *c = plan->cells; c < cell; c++)
        if (c->drains && version_in_group(c->old, cell->old->info.lineage))
            return false;
    return true;
}

/* Rule 3. */
static void check_taken(struct planning *p, const struct plan_cell *cell,
                        const struct version *v)
{
    for (uint32_t i = 0; i < v->import_count; i++) {
        const struct import *m = &v->imports[i];
        for (uint32_t k = 0; m->provider == cell->old && k < v->info.count[CELL_IMPORTS];
             k++) {
            struct cell_import import;
            cellinfo_import(&v->info, k, &import);
            if ((import.flags & CELL_IMPORT_TAKEN) && strcmp(import.name, m->name) == 0)
                (void)refuse(
                    report_next(p->report), "lineage", cell->name, m->name, v->info.name,
                    "%s has the address of %s of %s, which drains: it would lead to the "
                    "old one for ever. Call it by name, or say `lineage := %s` in the "
                    "cell.mk of %s",
                    v->info.name, m->name, cell->name, cell->old->info.lineage,
                    v->info.name);
        }
    }
}

static void check_group(struct planning *p, const struct plan_cell *cell)
{
    const char *group = cell->old->info.lineage;
    uint32_t draining = count_draining(p->plan->ns, group);
    if (cell->fresh && !version_in_group(cell->fresh, group))
        (void)refuse(report_next(p->report), "lineage", cell->name, NULL, NULL,
                     "%s leaves the lineage %s in the same commit in which that drains; "
                     "make it two",
                     cell->name, group);
    if (is_first(p->plan, cell) && draining >= LINEAGES_MAX)
        (void)refuse(
            report_next(p->report), "lineage", cell->name, NULL, NULL,
            "%u older lineages of %s are still in use, and one more would drain; "
            "it can be tried again when one of them has ended (`ns` at the "
            "console says what they serve)",
            draining, group);
}

void plan_check_lineage(struct planning *p, const struct plan_cell *cell)
{
    if (cell->drains)
        check_group(p, cell);
    for (const struct version *v = p->plan->ns->versions; v && cell->drains; v = v->next)
        if ((v->state == VERSION_RUNNING || v->state == VERSION_DRAINING) &&
            !same_group(&v->info, &cell->old->info))
            check_taken(p, cell, v);
    if (!cell->drains && cell->old && cell->fresh && cell->fresh->info.lineage &&
        plan_lineage_number(p->plan, NULL, cell->fresh->info.lineage) !=
            cell->fresh->lineage)
        (void)refuse(report_next(p->report), "lineage", cell->name, NULL, NULL,
                     "%s joins the lineage %s, which has drained since it was booted; "
                     "only a boot brings the two together",
                     cell->name, cell->fresh->info.lineage);
}

bool plan_in_use(const struct version *v, uint32_t *out_count)
{
    for (uint32_t i = 1; i < v->elf.section_count; i++) {
        const struct home *h = v->section_home[i];
        if (!h || h->len != sizeof *out_count || !plan_marked(v, "in_use", h->key))
            continue;
        *out_count = get_le32(cellmem_view(h->va));
        return true;
    }
    return false;
}
