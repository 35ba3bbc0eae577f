/* The planner on a host.
 * SPDX-License-Identifier: MIT
 */
#include <core/hosted/cellmem_host.h>
#include <core/hosted/private.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t bases[CELLMEM_KINDS] = {
    [CELLMEM_TEXT] = 0xffffffff90000000, [CELLMEM_RODATA] = 0xffffffffa0000000,
    [CELLMEM_DATA] = 0xffffffffb0000000, [CELLMEM_STUB] = 0xffffffffc0000000,
    [CELLMEM_SLOT] = 0xffffffffd0000000,
};

static struct plan_object *to_plan_objects(const struct hosted_object *in, size_t count)
{
    struct plan_object *out = calloc(count + 1, sizeof *out);
    for (size_t i = 0; out && i < count; i++) {
        out[i].bytes = in[i].bytes;
        out[i].len = in[i].len;
    }
    return out;
}

void hosted_reset(void)
{
    cellmem_host_reset(bases);
}

/* A plan that only adds. */
enum status hosted_run(struct namespace *ns, const struct hosted_object *from,
                       size_t count, struct plan_report *report)
{
    struct plan *plan;
    struct plan_object *set = to_plan_objects(from, count);
    if (!set)
        return STATUS_FULL;
    enum status status = plan_create(ns, set, (uint32_t)count, NULL, 0, &plan, report);
    free(set);
    if (status != STATUS_OK)
        return status == STATUS_DENIED ? STATUS_INVALID : status;
    plan_enter(plan);
    plan_commit(plan);
    plan_destroy(plan);
    return STATUS_OK;
}

static bool inspect_name(const struct hosted_object *o, char name[CELL_NAME_MAX + 1])
{
    struct hosted_info info;
    const char *why;
    if (hosted_inspect(o->bytes, o->len, &info, &why) != STATUS_OK)
        return false;
    memcpy(name, info.name, sizeof info.name);
    return true;
}

static bool differs(const struct namespace *ns, const struct hosted_object *o)
{
    char name[CELL_NAME_MAX + 1];
    if (!inspect_name(o, name))
        return true; /* the planner says what is wrong with it */
    const struct version *v = namespace_running(ns, name);
    return !v || v->elf.len != o->len || memcmp(v->elf.bytes, o->bytes, o->len) != 0;
}

static bool contains(const struct hosted_object *set, size_t count, const char *name)
{
    char other[CELL_NAME_MAX + 1];
    for (size_t i = 0; i < count; i++)
        if (inspect_name(&set[i], other) && strcmp(name, other) == 0)
            return true;
    return false;
}

static enum status keep_rows(const struct plan *plan, struct hosted_plan *out)
{
    out->cells = calloc(plan->cell_count + 1, sizeof *out->cells);
    if (!out->cells)
        return STATUS_FULL;
    out->cell_count = plan->cell_count;
    for (uint32_t i = 0; i < plan->cell_count; i++) {
        const struct plan_cell *c = &plan->cells[i];
        struct hosted_cell *row = &out->cells[i];
        memcpy(row->name, c->name, sizeof row->name);
        row->class = c->class;
        row->coupled = c->coupled;
        row->functions_changed = c->functions_changed;
        row->functions_added = c->functions_added;
        row->functions_removed = c->functions_removed;
        row->stores = i == 0 ? plan->poke_count : 0;
    }
    return STATUS_OK;
}

static enum status keep_migrations(const struct plan *plan, struct hosted_plan *out)
{
    const struct migration *m;
    uint32_t count = 0;
    while (plan_migration(plan, count))
        count++;
    out->migrations = calloc(count + plan->moving_count + 1, sizeof *out->migrations);
    if (!out->migrations)
        return STATUS_FULL;
    out->migration_count = count + plan->moving_count;
    for (uint32_t i = 0; i < plan->moving_count; i++) {
        const struct moving_type *t = &plan->moving[i];
        struct hosted_migration *row = &out->migrations[count + i];
        snprintf(row->cell, sizeof row->cell, "%s", t->cell);
        snprintf(row->object, sizeof row->object, "each struct %s", t->name);
        memcpy(row->text, t->text, sizeof row->text);
        row->old_len = t->form[FORM_OLD].len;
        row->new_len = t->form[FORM_NEW].len;
        row->moves = true;
    }
    for (uint32_t i = 0; (m = plan_migration(plan, i)); i++) {
        struct hosted_migration *row = &out->migrations[i];
        snprintf(row->cell, sizeof row->cell, "%s", m->cell);
        snprintf(row->object, sizeof row->object, "%s", m->key);
        memcpy(row->text, m->text, sizeof row->text);
        row->old_len = m->old_len;
        row->new_len = m->new_len;
        row->constant = m->constant;
        row->moves = m->old_home != m->new_home;
    }
    return STATUS_OK;
}

/* A plan that is refused has rows too: they say what kind of change it was. */
static enum status finish_plan(struct plan *plan, struct hosted_plan *out)
{
    enum status status = plan_verify(plan, &out->report);
    if (status == STATUS_OK)
        status = plan_redirect(plan, &out->report);
    out->revertible = plan->revertible;
    if (status != STATUS_FULL)
        status = keep_rows(plan, out);
    return status == STATUS_OK ? keep_migrations(plan, out) : status;
}

static enum status plan_rest(struct namespace *ns, const struct hosted_object *to,
                             size_t to_count, struct hosted_plan *out)
{
    enum status status = STATUS_FULL;
    struct plan *plan = NULL;
    uint32_t set_count = 0;
    uint32_t remove_count = 0;
    uint32_t running = 0;
    for (const struct version *v = ns->versions; v; v = v->next)
        running++;
    struct plan_object *set = calloc(to_count + 1, sizeof *set);
    const char **remove = calloc(running + 1, sizeof *remove);
    if (!set || !remove)
        goto free_lists;
    for (size_t i = 0; i < to_count; i++)
        if (differs(ns, &to[i])) {
            set[set_count].bytes = to[i].bytes;
            set[set_count++].len = to[i].len;
        }
    for (const struct version *v = ns->versions; v; v = v->next)
        if (!contains(to, to_count, v->info.name))
            remove[remove_count++] = v->info.name;
    status = plan_load(ns, set, set_count, remove, remove_count, &plan, &out->report);
    if (plan)
        status = finish_plan(plan, out);
    plan_destroy(plan);
free_lists:
    free(set);
    free(remove);
    return status;
}

enum status hosted_plan(const struct hosted_object *from, size_t from_count,
                        const struct hosted_object *to, size_t to_count,
                        struct hosted_plan *out)
{
    struct namespace ns = {0};
    memset(out, 0, sizeof *out);
    hosted_reset();
    enum status status = hosted_run(&ns, from, from_count, &out->report);
    if (status == STATUS_OK)
        status = plan_rest(&ns, to, to_count, out);
    namespace_fini(&ns);
    hosted_reset();
    return status;
}

void hosted_plan_fini(struct hosted_plan *plan)
{
    free(plan->cells);
    free(plan->migrations);
    plan->migrations = NULL;
    plan->migration_count = 0;
    plan->cells = NULL;
    plan->cell_count = 0;
}

static enum status open_cell(const uint8_t *bytes, size_t len, struct cellinfo *out,
                             const char **out_why)
{
    struct elf_object elf;
    if (elf_open(bytes, len, &elf, out_why) != STATUS_OK)
        return STATUS_INVALID;
    return cellinfo_open(&elf, out, out_why);
}

enum status hosted_inspect(const uint8_t *bytes, size_t len, struct hosted_info *out,
                           const char **out_why)
{
    struct cellinfo c;
    if (open_cell(bytes, len, &c, out_why) != STATUS_OK)
        return STATUS_INVALID;
    snprintf(out->name, sizeof out->name, "%s", c.name);
    out->kind = c.kind;
    out->phase = c.phase;
    out->flags = c.flags;
    out->abi_hash = c.abi_hash;
    out->use_count = c.count[CELL_USES];
    return STATUS_OK;
}

enum status hosted_use(const uint8_t *bytes, size_t len, uint32_t index, char *out)
{
    struct cellinfo c;
    const char *why;
    if (open_cell(bytes, len, &c, &why) != STATUS_OK)
        return STATUS_INVALID;
    if (index >= c.count[CELL_USES])
        return STATUS_NOT_FOUND;
    snprintf(out, CELL_NAME_MAX + 1, "%s", cellinfo_use(&c, index));
    return STATUS_OK;
}
