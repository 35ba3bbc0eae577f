/* The life of a plan but for its outcome (outcome.c): load, verify, redirect, destroy.
 * SPDX-License-Identifier: MIT
 */
#include <core/plan/private.h>

#include <lib/base/evolve.h>
#include <mm/heap/heap.h>
#include <stdio.h>
#include <string.h>

const char *plan_class_name(enum plan_class class)
{
    static const char *const names[] = {"text", "data",   "signature",
                                        "add",  "remove", "lineage"};
    return names[class];
}

struct refusal *report_next(struct plan_report *report)
{
    static struct refusal overflow;
    uint32_t index = report->refusal_count++;
    struct refusal *r = index < PLAN_MAX_REFUSALS ? &report->refusals[index] : &overflow;
    memset(r, 0, sizeof *r);
    return r;
}

struct plan_cell *plan_find(const struct plan *plan, const char *name)
{
    for (uint32_t i = 0; i < plan->cell_count; i++)
        if (strcmp(plan->cells[i].name, name) == 0)
            return &plan->cells[i];
    return NULL;
}

bool plan_swaps(const struct plan *plan, const char *name)
{
    const struct plan_cell *cell = plan_find(plan, name);
    return cell && cell->old && cell->fresh;
}

static struct version *will_run(const struct plan *plan, const char *name)
{
    const struct plan_cell *cell = plan_find(plan, name);
    return cell ? cell->fresh : namespace_running(plan->ns, name);
}

/* The plan stays its caller's. */
EVOLVE_LENT(plan_lookup);
enum status plan_lookup(void *context, const struct version *importer, const char *name,
                        struct version **out_provider, uint32_t *out_function)
{
    const struct plan *plan = context;
    for (uint32_t i = 0; i < importer->info.count[CELL_USES]; i++) {
        struct version *v = will_run(plan, cellinfo_use(&importer->info, i));
        int64_t f = v ? version_export(v, name) : -1;
        if (f >= 0) {
            *out_provider = v;
            *out_function = (uint32_t)f;
            return STATUS_OK;
        }
    }
    for (struct version *v = plan->ns->versions; v; v = v->next)
        if (v->state == VERSION_RUNNING && v != importer &&
            version_export(v, name) >= 0 && !plan_find(plan, v->info.name)) {
            *out_provider = v;
            return STATUS_DENIED;
        }
    for (uint32_t i = 0; i < plan->cell_count; i++) {
        struct version *v = plan->cells[i].fresh;
        if (v && v != importer && version_export(v, name) >= 0) {
            *out_provider = v;
            return STATUS_DENIED;
        }
    }
    return STATUS_NOT_FOUND;
}

enum status plan_follow(const struct plan *plan, const struct plan_cell *cell,
                        const struct import *m, struct version **out_provider,
                        uint32_t *out_function)
{
    int64_t f = cell->fresh ? version_export(cell->fresh, m->name) : -1;
    if (f < 0)
        return plan_lookup((void *)plan, m->importer, m->name, out_provider, out_function);
    *out_provider = cell->fresh;
    *out_function = (uint32_t)f;
    return STATUS_OK;
}

/* Loads one object of the set. Its cell's name is known only once it is described. */
static enum status place(struct planning *p, const struct plan_object *object,
                         struct plan_cell *cell)
{
    struct elf_object elf;
    struct cellinfo info;
    struct refusal why = {0};
    const char *text;
    if (elf_open(object->bytes, object->len, &elf, &text) != STATUS_OK ||
        cellinfo_open(&elf, &info, &text) != STATUS_OK)
        return refuse(report_next(p->report), "object", NULL, NULL, NULL,
                      "malformed object: %s", text);
    if (plan_find(p->plan, info.name))
        return refuse(report_next(p->report), "object", info.name, NULL, NULL,
                      "the set has two objects for %s", info.name);
    snprintf(cell->name, sizeof cell->name, "%s", info.name);
    cell->old = namespace_running(p->plan->ns, info.name);
    cell->drains = cell->old && plan_lineage_of(p->plan, cell->old->info.lineage);
    cell->class = cell->drains ? PLAN_LINEAGE : cell->old ? PLAN_TEXT : PLAN_ADD;
    memcpy(cell->hash, object->hash, sizeof cell->hash);
    p->plan->cell_count++;
    struct loader_order order = {
        .bytes = object->bytes,
        .len = object->len,
        .own = object->own,
        .hash = object->hash,
        .old = cell->old,
        .lineage = plan_lineage_number(p->plan, cell->old, info.lineage),
        .take = plan_take,
        .context = p,
    };
    enum status status = loader_place(p->plan->ns, &order, &cell->fresh, &why);
    cell->unloaded = status != STATUS_OK;
    if (status == STATUS_DENIED)
        *report_next(p->report) = why;
    if (cell->old && strcmp(why.code, "data") == 0)
        cell->class = PLAN_DATA;
    return status;
}

static enum status plan_remove(struct planning *p, const char *name)
{
    struct plan_cell *cell = &p->plan->cells[p->plan->cell_count];
    struct version *old = namespace_running(p->plan->ns, name);
    if (!old || plan_find(p->plan, name))
        return refuse(report_next(p->report), "remove", name, NULL, NULL,
                      "%s cannot be removed: it does not run, or is also to be replaced",
                      name);
    snprintf(cell->name, sizeof cell->name, "%s", name);
    cell->old = old;
    cell->class = PLAN_REMOVE;
    cell->drains = plan_lineage_of(p->plan, old->info.lineage) != NULL;
    p->plan->cell_count++;
    return STATUS_OK;
}

/* Cells of a group that drains come along as they are: what is new of it must not call the old lineage. */
static enum status bring(struct planning *p, const struct version *v)
{
    struct plan_cell *cell = &p->plan->cells[p->plan->cell_count];
    struct plan_object object = {.len = v->elf.len, .own = true};
    uint8_t *bytes = heap_bytes(v->elf.len);
    if (!bytes)
        return STATUS_FULL;
    memcpy(bytes, v->elf.bytes, v->elf.len);
    memcpy(object.hash, v->object_hash, sizeof object.hash);
    object.bytes = bytes;
    enum status status = place(p, &object, cell);
    cell->brought = true;
    if (status != STATUS_OK)
        heap_free(bytes);
    return status;
}

/* What comes calls what comes, but for the guard: the old one watches until the handover, and its data may be its own. */
static enum status provide(void *context, const struct version *importer, const char *name,
                           struct version **out_provider, uint32_t *out_function)
{
    enum status status = plan_lookup(context, importer, name, out_provider, out_function);
    const struct plan_cell *guard = plan_find(context, "guard");
    if (status != STATUS_OK || !guard || !guard->old || *out_provider != guard->fresh)
        return status;
    int64_t f = version_export(guard->old, name);
    if (f < 0) /* plan_check_watch() has a word about it */
        return status;
    *out_provider = guard->old;
    *out_function = (uint32_t)f;
    return STATUS_OK;
}

static enum status relocate_all(struct planning *p)
{
    enum status result = STATUS_OK;
    for (uint32_t i = 0; i < p->plan->cell_count && result != STATUS_FULL; i++) {
        struct refusal why = {0};
        struct version *fresh = p->plan->cells[i].fresh;
        enum status status =
            fresh ? loader_relocate(p->plan->ns, fresh, provide, p->plan, &why)
                  : STATUS_OK;
        if (status == STATUS_DENIED)
            *report_next(p->report) = why;
        if (status != STATUS_OK)
            result = status;
    }
    return result;
}

/* Objects that are the plan's own, and that no version has taken. */
static void give_back(const struct planning *p)
{
    for (uint32_t i = 0; i < p->set_count; i++) {
        bool taken = !p->set[i].own;
        for (uint32_t k = 0; p->plan && !taken && k < p->plan->cell_count; k++)
            taken = p->plan->cells[k].fresh &&
                    p->plan->cells[k].fresh->owned_bytes == p->set[i].bytes;
        if (!taken)
            heap_free((void *)p->set[i].bytes);
    }
}

/* Each cell looks at what becomes of the others, so no object is given back before the last has come. */
static enum status load_all(struct planning *p)
{
    enum status result = STATUS_OK;
    for (uint32_t i = 0; i < p->set_count; i++) {
        enum status status = place(p, &p->set[i], &p->plan->cells[p->plan->cell_count]);
        if (status != STATUS_OK && result != STATUS_FULL)
            result = status;
    }
    give_back(p);
    for (uint32_t i = 0; i < p->remove_count; i++)
        if (plan_remove(p, p->remove[i]) != STATUS_OK && result == STATUS_OK)
            result = STATUS_DENIED;
    const struct version *v;
    while (result == STATUS_OK && (v = plan_next_to_bring(p->plan)))
        result = bring(p, v);
    return result;
}

enum status plan_load(struct namespace *ns, const struct plan_object *set,
                      uint32_t set_count, const char *const *remove, uint32_t remove_count,
                      struct plan **out, struct plan_report *out_report)
{
    struct planning p = {.report = out_report,
                         .set = set,
                         .set_count = set_count,
                         .remove = remove,
                         .remove_count = remove_count};
    out_report->refusal_count = 0;
    p.plan = heap_new(struct plan);
    uint32_t room = set_count + remove_count + 1;
    for (const struct version *v = ns->versions; v; v = v->next)
        room += v->state == VERSION_RUNNING && v->info.lineage;
    if (p.plan)
        p.plan->cells = heap_new_array(struct plan_cell, room);
    if (!p.plan || !p.plan->cells) {
        give_back(&p);
        heap_free(p.plan);
        return STATUS_FULL;
    }
    p.plan->ns = ns;
    p.plan->revertible = true;
    enum status status = plan_find_lineages(p.plan, set, set_count);
    if (status != STATUS_OK) {
        give_back(&p);
        plan_destroy(p.plan);
        return status;
    }
    status = load_all(&p);
    if (status == STATUS_OK)
        status = relocate_all(&p);
    if (status != STATUS_OK && status != STATUS_DENIED) {
        plan_destroy(p.plan);
        return status;
    }
    *out = p.plan;
    return status;
}

enum status plan_verify(struct plan *plan, struct plan_report *out_report)
{
    struct planning p = {.plan = plan, .report = out_report};
    enum status status = plan_check(&p);
    return status == STATUS_OK && out_report->refusal_count ? STATUS_DENIED : status;
}

enum status plan_redirect(struct plan *plan, struct plan_report *out_report)
{
    struct planning p = {.plan = plan, .report = out_report};
    enum status status = plan_list_takeovers(&p);
    if (status == STATUS_OK)
        status = plan_journal(&p);
    if (status == STATUS_OK)
        plan_split(plan);
    if (status == STATUS_OK)
        status = plan_prepare(&p);
    return status == STATUS_OK ? plan_withdrawal(plan) : status;
}

enum status plan_create(struct namespace *ns, const struct plan_object *set,
                        uint32_t set_count, const char *const *remove,
                        uint32_t remove_count, struct plan **out,
                        struct plan_report *out_report)
{
    struct plan *plan = NULL;
    enum status status =
        plan_load(ns, set, set_count, remove, remove_count, &plan, out_report);
    if (status == STATUS_OK)
        status = plan_verify(plan, out_report);
    if (status == STATUS_OK)
        status = plan_redirect(plan, out_report);
    if (status != STATUS_OK) {
        plan_destroy(plan);
        return status;
    }
    *out = plan;
    return STATUS_OK;
}

/* The alias after A of which all CPUs can be told in the same breath. */
static bool is_next(const struct plan_alias *a, const struct plan_alias *next)
{
    return (uint64_t)next->write != next->page && next->write == a->write + CELLMEM_PAGE;
}

static void close_aliases(struct plan *plan)
{
    for (uint32_t i = 0, end; i < plan->alias_count; i = end) {
        const struct plan_alias *first = &plan->aliases[i];
        end = i + 1;
        if ((uint64_t)first->write == first->page)
            continue;
        while (end < plan->alias_count &&
               is_next(&plan->aliases[end - 1], &plan->aliases[end]))
            end++;
        cellmem_aliases_close(first->write, end - i);
    }
}

void plan_destroy(struct plan *plan)
{
    if (!plan)
        return;
    close_aliases(plan);
    for (uint32_t i = 0; plan->state == PLAN_PLANNED && i < plan->cell_count; i++) {
        struct version *fresh = plan->cells[i].fresh;
        if (!fresh)
            continue;
        /* Providers were noted but never linked, so there is nothing to unlink. */
        for (uint32_t k = 0; k < fresh->import_count; k++)
            fresh->imports[k].provider = NULL;
        if (plan->entered)
            namespace_remove(plan->ns, fresh);
        else
            version_destroy(plan->ns, fresh);
    }
    plan_withdrawal_fini(plan);
    plan_migrations_fini(plan);
    plan_moving_fini(plan);
    plan_takeovers_fini(plan);
    plan_made_fini(plan);
    heap_free(plan->cells);
    heap_free(plan->pokes);
    heap_free(plan->moves);
    heap_free(plan->aliases);
    heap_free(plan);
}
