/* Which types could change their form while the system runs, and what would be missing.
 * SPDX-License-Identifier: MIT
 */
#include <core/hosted/cellmem_host.h>
#include <core/hosted/private.h>
#include <core/plan/private.h>

#include <stdio.h>
#include <string.h>

static bool is_function(const struct version *v, const char *name)
{
    return version_function(v, name, false, 0) >= 0;
}

/* Cells with a private type of that name mean another one. */
static bool shares(const struct version *v, const struct version *owner, const char *name)
{
    return v == owner || !plan_has_its_own(&v->info, name);
}

static bool knows(const struct version *v, const char *name)
{
    for (uint32_t i = 0; i < v->info.count[CELL_TYPES]; i++) {
        struct cell_type t;
        cellinfo_type(&v->info, i, &t);
        if (strcmp(cellinfo_bare_name(t.name), name) == 0)
            return true;
    }
    return false;
}

/* A private type of a cell of the closure changes with the cell's data, which lie beside the old ones. */
static bool keeps(const struct version *v, const char *name)
{
    return (v->info.flags & CELL_CLOSURE) && !plan_has_its_own(&v->info, name);
}

struct marks {
    bool closure;
    bool frozen;
    bool no_heap;
    bool walks;
    bool drains; /* nobody outside of the owner's group knows it */
};

static void look(const struct version *v, const struct version *owner, const char *name,
                 struct marks *out)
{
    char walk[128];
    const char *group = owner->info.lineage;
    snprintf(walk, sizeof walk, "evolve_walk_%s", plan_tag(name));
    out->closure = out->closure || keeps(v, name);
    out->frozen = out->frozen || plan_marked(v, "frozen", plan_tag(name));
    out->no_heap = out->no_heap || plan_marked(v, "no_heap", plan_tag(name));
    out->walks = out->walks || is_function(v, walk);
    out->drains = out->drains && group && version_in_group(v, group);
}

static enum hosted_fate fate_of(const struct plan *plan, const struct version *v,
                                const struct cell_type *t, const char **out_who)
{
    const char *how;
    const char *name = cellinfo_bare_name(t->name);
    struct marks m = {.drains = true};
    for (const struct version *o = plan->ns->versions; o; o = o->next)
        if (shares(o, v, name) && knows(o, name))
            look(o, v, name, &m);
    if (m.closure)
        return HOSTED_CLOSURE;
    if (m.frozen)
        return HOSTED_FROZEN;
    if (m.no_heap)
        return HOSTED_NO_HEAP;
    if (m.walks)
        return HOSTED_WALKS;
    *out_who = plan_who_has(plan, v, NULL, t, &how);
    return !*out_who                       ? HOSTED_FREE
           : m.drains                      ? HOSTED_DRAINS
           : strcmp(how, PLAN_POINTS) != 0 ? HOSTED_MADE
                                           : HOSTED_UNKNOWN;
}

/* Finds a cell that knows the type and takes memory of no type. */
static const char *find_source(const struct namespace *ns, const struct version *owner,
                               const char *name, char *out, size_t len)
{
    for (const struct version *v = ns->versions; v; v = v->next) {
        const char *from = plan_untyped_source(&v->info);
        if (!from || !shares(v, owner, name) || !knows(v, name))
            continue;
        snprintf(out, len, "%s:%s", v->info.name, from);
        return out;
    }
    return NULL;
}

static void visit_types(const struct plan *plan, const struct version *v,
                        hosted_type_fn visit, void *arg)
{
    char source[2 * CELL_NAME_MAX];
    for (uint32_t i = 0; i < v->info.count[CELL_TYPES]; i++) {
        struct cell_type t;
        cellinfo_type(&v->info, i, &t);
        if (strncmp(cellinfo_bare_name(t.name), "enum ", 5) == 0)
            continue;
        struct hosted_type row = {.cell = v->info.name, .name = t.name};
        row.fate = fate_of(plan, v, &t, &row.who);
        if (row.fate == HOSTED_UNKNOWN)
            row.source = find_source(plan->ns, v, cellinfo_bare_name(t.name), source,
                                     sizeof source);
        visit(&row, arg);
    }
}

enum status hosted_types(const struct hosted_object *from, size_t from_count,
                         hosted_type_fn visit, void *arg, struct plan_report *out_report)
{
    struct namespace ns = {0};
    struct plan plan = {.ns = &ns};
    hosted_reset();
    enum status status = hosted_run(&ns, from, from_count, out_report);
    for (const struct version *v = ns.versions; v && status == STATUS_OK; v = v->next)
        visit_types(&plan, v, visit, arg);
    namespace_fini(&ns);
    hosted_reset();
    return status;
}
