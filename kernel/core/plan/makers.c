/* Who makes objects of a type where nobody can find them: may they lie on the heap?
 * SPDX-License-Identifier: MIT
 *
 * Cells take memory with the name of what they put there (mm/heap/typed.h), and `.cell` has these names: of a type that
 * only such cells know, objects lie on the heap if it is among the names, else they are named objects, or lie on stacks.
 * A cell that takes memory of no type (heap_alloc(), frames, whatever gives a `void *` or is given one) says nothing. If one of
 * those knows the type, its objects are taken to lie there if some field or named object has a pointer to it, or, while the
 * cell's own code has one, as what a pointer without a type leads to (the argument of a task).
 *
 * Objects outlive the text that made them: what a version made, and the next one does not, is remembered by the type's name for
 * as long as the namespace exists. So the names are those of all that ran since boot, and of what comes, for the way back.
 */
#include <core/plan/private.h>
#include <core/plan/types.h>

#include <mm/heap/heap.h>
#include <stdio.h>
#include <string.h>

bool plan_has_its_own(const struct cellinfo *info, const char *name)
{
    uint32_t first;
    uint32_t count = cellinfo_types_called(info, name, &first);
    for (uint32_t i = 0; i < count; i++) {
        struct cell_type t;
        cellinfo_type(info, first + i, &t);
        if (!(t.flags & CELL_TYPE_PUBLIC))
            return true;
    }
    return false;
}

/* ---- one cell ------------------------------------------------------------------------------ */

/* These give back what they were given, or keep what they put there by its name, or it is a device that lies there. */
static bool is_known(const char *name)
{
    static const char *const known[] = {"heap_typed_calloc",
                                        "heap_typed_realloc",
                                        "memcpy",
                                        "memmove",
                                        "memset",
                                        "memchr",
                                        "bsearch",
                                        "mmio_map",
                                        "pci_bar_map",
                                        "json_object_iter",
                                        "json_object_iter_next",
                                        "json_object_key_to_iter"};
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (strcmp(name, known[i]) == 0)
            return true;
    return false;
}

/* Objects that were made before `.cell` told what an import gives. */
static bool is_allocator(const char *name)
{
    return strcmp(name, "heap_alloc") == 0 || strcmp(name, "heap_calloc") == 0 ||
           strcmp(name, "heap_realloc") == 0;
}

const char *plan_in_frames(const struct cellinfo *info)
{
    static const char mark[] = "evolve_frames_";
    for (uint32_t i = 0; i < info->count[CELL_DATA]; i++) {
        struct cell_data d;
        cellinfo_data(info, i, &d);
        if (strncmp(d.key, mark, sizeof mark - 1) == 0)
            return d.key + sizeof mark - 1;
    }
    return NULL;
}

const char *plan_untyped_source(const struct cellinfo *info)
{
    bool frames = plan_in_frames(info) != NULL;
    for (uint32_t i = 0; i < info->count[CELL_IMPORTS]; i++) {
        struct cell_import m;
        cellinfo_import(info, i, &m);
        if (!is_known(m.name) && ((m.flags & CELL_IMPORT_GIVES) || is_allocator(m.name) ||
                                  (!frames && strncmp(m.name, "frame_take", 10) == 0) ||
                                  strncmp(m.name, "channel_", 8) == 0 ||
                                  (!m.signature && strstr(m.name, "alloc"))))
            return m.name;
    }
    for (uint32_t i = 0; i < info->count[CELL_FUNCTIONS]; i++) {
        struct cell_function f;
        cellinfo_function(info, i, &f);
        if ((f.flags & CELL_FUNC_MEMORY) && !plan_info_marked(info, "lent", f.name))
            return f.name;
    }
    return NULL;
}

struct knowledge { /* what a cell does with a type */
    bool knows;
    bool makes;
    bool untyped;
};

/* The table calls private types of two files `file.c::struct x`: either may be meant. */
static struct knowledge knowledge_of(const struct cellinfo *info, const char *name)
{
    uint32_t first;
    uint32_t count = cellinfo_types_called(info, name, &first);
    struct knowledge k = {.knows = count > 0};
    for (uint32_t i = 0; i < count; i++) {
        struct cell_type t;
        cellinfo_type(info, first + i, &t);
        k.makes = k.makes || (t.flags & CELL_TYPE_HEAP);
    }
    k.makes = k.makes || (k.knows && plan_info_marked(info, "frames", plan_tag(name)));
    k.untyped = k.knows && plan_untyped_source(info);
    return k;
}

/* ---- all cells ----------------------------------------------------------------------------- */

struct search {
    const char *name;
    const struct version *old; /* whose type it is */
    const char *maker;
    bool untyped; /* somebody who knows it takes memory of no type */
};

static void ask(struct search *s, const struct cellinfo *info, bool owner)
{
    if (!owner && plan_has_its_own(info, s->name))
        return;
    struct knowledge k = knowledge_of(info, s->name);
    if (k.makes && !s->maker)
        s->maker = info->name;
    s->untyped = s->untyped || k.untyped;
}

static bool was_made(const struct namespace *ns, const char *name)
{
    for (const struct made_name *m = ns->made; m; m = m->next)
        if (strcmp(m->name, name) == 0)
            return true;
    return false;
}

/* Lends the name of a cell that has a field or object with a pointer to the type, or NULL. */
static const char *who_points(const struct namespace *ns, const struct version *old,
                              const char *name)
{
    for (const struct version *v = ns->versions; v; v = v->next)
        if (v->state == VERSION_RUNNING &&
            (v == old || !plan_has_its_own(&v->info, name)) &&
            type_is_pointed_to(&v->info, name))
            return v->info.name;
    return NULL;
}

const char *plan_who_has(const struct plan *plan, const struct version *old,
                         const struct cellinfo *fresh, const struct cell_type *was,
                         const char **out_how)
{
    struct search s = {.name = cellinfo_bare_name(was->name), .old = old};
    for (const struct version *v = plan->ns->versions; v; v = v->next)
        if (v->state == VERSION_RUNNING || v->state == VERSION_DRAINING)
            ask(&s, &v->info, v == old);
    for (uint32_t i = 0; i < plan->cell_count; i++)
        if (plan->cells[i].fresh && plan->cells[i].old != old)
            ask(&s, &plan->cells[i].fresh->info, false);
    if (fresh)
        ask(&s, fresh, true);
    *out_how = "makes objects of";
    if (s.maker)
        return s.maker;
    *out_how = "has made objects of";
    if (was_made(plan->ns, s.name))
        return old->info.name;
    *out_how = PLAN_POINTS;
    if (!s.untyped)
        return NULL;
    const char *who = who_points(plan->ns, old, s.name);
    if (!who && (was->flags & CELL_TYPE_POINTED) && plan_untyped_source(&old->info))
        who = old->info.name;
    return who;
}

/* ---- what goes ----------------------------------------------------------------------------- */

static enum status note(struct made_name **list, const char *name)
{
    size_t len = strlen(name) + 1;
    for (const struct made_name *m = *list; m; m = m->next)
        if (strcmp(m->name, name) == 0)
            return STATUS_OK;
    struct made_name *m = heap_new_with(struct made_name, len);
    if (!m)
        return STATUS_FULL;
    memcpy(m->name, name, len);
    m->next = *list;
    *list = m;
    return STATUS_OK;
}

/* Notes in LIST what VERSION makes, and OTHER (NULL accepted), the version before or after it, does not. What VERSION may have
 * put into memory of no type is noted as if it made it, if there is a pointer to such a thing (plan_who_has()). Others that
 * make it are not asked: they answer for themselves as long as they run, and are noted themselves when they go. */
static enum status note_made(struct plan *plan, struct made_name **list,
                             const struct version *version, const struct version *other)
{
    const struct cellinfo *info = &version->info;
    bool untyped = plan_untyped_source(info) != NULL;
    bool frames = plan_in_frames(info) != NULL;
    for (uint32_t i = 0; i < info->count[CELL_TYPES]; i++) {
        struct cell_type t;
        struct knowledge k = {0};
        cellinfo_type(info, i, &t);
        const char *name = cellinfo_bare_name(t.name);
        bool makes = (t.flags & CELL_TYPE_HEAP) ||
                     (frames && plan_info_marked(info, "frames", plan_tag(name)));
        if ((!makes && !untyped) || strncmp(name, "enum ", 5) == 0 ||
            was_made(plan->ns, name))
            continue;
        if (other)
            k = knowledge_of(&other->info, name);
        if (k.makes || (k.untyped && !makes) ||
            (!makes && !(t.flags & CELL_TYPE_POINTED) &&
             !who_points(plan->ns, version, name)))
            continue;
        enum status status = note(list, name);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

enum status plan_note_made(struct planning *p, const struct plan_cell *cell)
{
    enum status status = STATUS_OK;
    if (cell->old)
        status = note_made(p->plan, &p->plan->made[FORM_OLD], cell->old, cell->fresh);
    if (status == STATUS_OK && cell->fresh)
        status = note_made(p->plan, &p->plan->made[FORM_NEW], cell->fresh, cell->old);
    return status;
}

void plan_keep_made(struct plan *plan, int form)
{
    while (plan->made[form]) {
        struct made_name *m = plan->made[form];
        plan->made[form] = m->next;
        m->next = plan->ns->made;
        plan->ns->made = m;
    }
}

void plan_made_fini(struct plan *plan)
{
    for (int form = 0; form < FORMS; form++)
        while (plan->made[form]) {
            struct made_name *m = plan->made[form];
            plan->made[form] = m->next;
            heap_free(m);
        }
}
