/* Which types could change their form while the system runs, and what would be missing.
 * SPDX-License-Identifier: MIT
 */
#include <core/hosted/cellmem_host.h>
#include <core/hosted/private.h>
#include <core/plan/private.h>

#include <stdio.h>
#include <stdlib.h>
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

/* ---- types within types --------------------------------------------------------------------- */

enum { INSIDE_MAX = 64 };

static const char *behind_dimensions(const char *text)
{
    while (*text == '[' && strchr(text, ']'))
        text = strchr(text, ']') + 1;
    return text;
}

/* Bare names of a type and of all that have it, or one of them, by value: they change their form with it. */
struct inside {
    const char *names[INSIDE_MAX];
    uint32_t count;
};

static bool is_among(const struct inside *in, const char *name)
{
    for (uint32_t i = 0; i < in->count; i++)
        if (strcmp(in->names[i], name) == 0)
            return true;
    return false;
}

/* T has a field, or an array, of one of them. */
static bool has_one(const struct version *v, const struct cell_type *t,
                    const struct inside *in)
{
    for (uint32_t i = 0; i < t->field_count; i++) {
        const char *text =
            behind_dimensions(cellinfo_field_type(&v->info, t->first_field + i));
        if (*text && *text != '*' && is_among(in, cellinfo_bare_name(text)))
            return true;
    }
    return false;
}

static bool cannot_change(enum hosted_fate fate)
{
    return fate == HOSTED_CLOSURE || fate == HOSTED_FROZEN || fate == HOSTED_MADE ||
           fate == HOSTED_UNKNOWN;
}

/* Adds the types of V that have one of them. Lends the first of these whose form cannot change, or NULL. */
static const char *add_holders(const struct plan *plan, const struct version *v,
                               struct inside *in)
{
    for (uint32_t i = 0; i < v->info.count[CELL_TYPES]; i++) {
        struct cell_type t;
        const char *who;
        cellinfo_type(&v->info, i, &t);
        const char *name = cellinfo_bare_name(t.name);
        if (in->count == INSIDE_MAX || strncmp(name, "enum ", 5) == 0 ||
            is_among(in, name) || !has_one(v, &t, in))
            continue;
        if (cannot_change(fate_of(plan, v, &t, &who)))
            return t.name;
        in->names[in->count++] = name;
    }
    return NULL;
}

/* Lends the name of a type that has NAME of OWNER in it, perhaps within others, and cannot change its form; or NULL. */
static const char *refused_around(const struct plan *plan, const struct version *owner,
                                  const char *name)
{
    struct inside in = {.names = {name}, .count = 1};
    uint32_t before;
    do {
        before = in.count;
        for (const struct version *v = plan->ns->versions; v; v = v->next) {
            const char *around = shares(v, owner, name) ? add_holders(plan, v, &in) : NULL;
            if (around)
                return around;
        }
    } while (in.count != before);
    return NULL;
}

/* ---- all types ------------------------------------------------------------------------------- */

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

/* Enters KEY for the types of INFO that TEXT, a type's or an array's, may mean. Says whether one had no entry. */
static bool enter(const struct cellinfo *info, const char *text, const char *key,
                  const char **held)
{
    bool added = false;
    struct cell_type t;
    text = behind_dimensions(text);
    for (uint32_t i = 0; i < info->count[CELL_TYPES]; i++) {
        cellinfo_type(info, i, &t);
        if (held[i] ||
            (strcmp(t.name, text) != 0 && strcmp(cellinfo_bare_name(t.name), text) != 0))
            continue;
        held[i] = key;
        added = true;
    }
    return added;
}

/* Gives, for each type of INFO, a mutable object that is one or holds one by value; NULL: none. End it with free(). */
static const char **find_held(const struct cellinfo *info)
{
    bool again = true;
    const char **held = calloc(info->count[CELL_TYPES] + 1, sizeof *held);
    for (uint32_t i = 0; held && i < info->count[CELL_DATA]; i++) {
        struct cell_data d;
        cellinfo_data(info, i, &d);
        if (d.storage != CELL_STORE_RODATA)
            (void)enter(info, d.type_name, d.key, held);
    }
    while (held && again) {
        again = false;
        for (uint32_t i = 0; i < info->count[CELL_TYPES]; i++) {
            struct cell_type t;
            cellinfo_type(info, i, &t);
            for (uint32_t f = 0; held[i] && f < t.field_count; f++)
                again |= enter(info, cellinfo_field_type(info, t.first_field + f),
                               held[i], held);
        }
    }
    return held;
}

static enum status visit_types(const struct plan *plan, const struct version *v,
                               hosted_type_fn visit, void *arg)
{
    char source[2 * CELL_NAME_MAX];
    const char **held = find_held(&v->info);
    if (!held)
        return STATUS_FULL;
    for (uint32_t i = 0; i < v->info.count[CELL_TYPES]; i++) {
        struct cell_type t;
        cellinfo_type(&v->info, i, &t);
        if (strncmp(cellinfo_bare_name(t.name), "enum ", 5) == 0)
            continue;
        struct hosted_type row = {.cell = v->info.name, .name = t.name, .held = held[i]};
        row.fate = fate_of(plan, v, &t, &row.who);
        const char *around = row.fate == HOSTED_FREE || row.fate == HOSTED_WALKS ||
                                     row.fate == HOSTED_NO_HEAP
                                 ? refused_around(plan, v, cellinfo_bare_name(t.name))
                                 : NULL;
        if (around) {
            row.fate = HOSTED_INSIDE;
            row.who = around;
        }
        if (row.fate == HOSTED_UNKNOWN)
            row.source = find_source(plan->ns, v, cellinfo_bare_name(t.name), source,
                                     sizeof source);
        visit(&row, arg);
    }
    free(held);
    return STATUS_OK;
}

enum status hosted_types(const struct hosted_object *from, size_t from_count,
                         hosted_type_fn visit, void *arg, struct plan_report *out_report)
{
    struct namespace ns = {0};
    struct plan plan = {.ns = &ns};
    hosted_reset();
    enum status status = hosted_run(&ns, from, from_count, out_report);
    for (const struct version *v = ns.versions; v && status == STATUS_OK; v = v->next)
        status = visit_types(&plan, v, visit, arg);
    namespace_fini(&ns);
    hosted_reset();
    return status;
}
