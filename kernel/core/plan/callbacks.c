/* Functions whose address somebody may have, and whose type changes.
 * SPDX-License-Identifier: MIT
 */
#include <core/plan/callbacks.h>

#include <core/plan/grow.h>
#include <core/plan/private.h>
#include <mm/heap/heap.h>
#include <string.h>

/* Lends the function of V, the new version of its cell or another of the set, that S stands for in its new form; or NULL. */
static const struct function *reformed_in(const struct version *v, const struct stub *s)
{
    int64_t i = s->cell ? version_function(v, s->name, false, s->twin)
                        : version_export(v, s->name);
    const struct function *f = i >= 0 ? &v->functions[i] : NULL;
    return f && f->stub && f->stub != s && f->signature != s->signature ? f : NULL;
}

static const char *type_of(const struct version *v, uint32_t function)
{
    struct cell_function f;
    cellinfo_function(&v->info, function, &f);
    return f.type_name;
}

static enum status note(struct planning *p, const struct stub *s, const struct version *v,
                        const struct function *now)
{
    struct callback_list *l = &p->callbacks;
    if (!grow(struct callback, &l->list, l->count, &l->room))
        return STATUS_FULL;
    l->list[l->count++] =
        (struct callback){.type = {type_of(s->version, s->function),
                                   type_of(v, (uint32_t)(now - v->functions))},
                          .stub = {s->va, now->stub->va}};
    return STATUS_OK;
}

static enum status note_reformed(struct planning *p, const struct stub *s)
{
    for (uint32_t i = 0; i < p->plan->cell_count; i++) {
        struct plan_cell *cell = &p->plan->cells[i];
        const struct version *v = cell->fresh;
        if (!v || cell->drains || (s->cell && cell->old != s->version))
            continue;
        const struct function *now = reformed_in(v, s);
        if (now)
            return note(p, s, v, now);
    }
    return STATUS_OK;
}

/* The cell of the plan whose running version S stands for a function of, or NULL. */
static struct plan_cell *cell_of(struct planning *p, const struct stub *s)
{
    for (uint32_t i = 0; i < p->plan->cell_count; i++) {
        struct plan_cell *cell = &p->plan->cells[i];
        if (s->version && cell->old == s->version && !cell->unloaded && !cell->drains)
            return cell;
    }
    return NULL;
}

enum status callbacks_init(struct planning *p)
{
    enum status status = STATUS_OK;
    for (const struct stub *s = p->plan->ns->stubs; s && status == STATUS_OK; s = s->next) {
        uint32_t before = p->callbacks.count;
        struct plan_cell *cell = cell_of(p, s);
        if (cell)
            status = note_reformed(p, s);
        if (p->callbacks.count > before)
            cell->coupled = true;
    }
    return status;
}

void callbacks_fini(struct planning *p)
{
    heap_free(p->callbacks.list);
    p->callbacks = (struct callback_list){0};
}
