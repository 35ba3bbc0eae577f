/* Names who holds a pointer for which a swap is refused, and to what.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/held.h>

#include <core/evolve/root.h>
#include <mm/heap/heap.h>
#include <stdio.h>

static const struct moving_type *type_of(const struct plan *plan, const struct element *e)
{
    for (uint32_t i = 0; i < plan->moving_count; i++)
        for (int form = 0; form < FORMS; form++)
            if (e->form == &plan->moving[i].form[form])
                return &plan->moving[i];
    return NULL;
}

static void describe(const struct search_place *place, const struct plan *plan,
                     search_skip_fn skip, char *out, size_t room)
{
    struct root root;
    char leads[96] = "";
    root_find(plan->ns, place->object, skip, &root);
    if (root.home)
        snprintf(leads, sizeof leads, ", %s of %s leads to it%s", root.home->key,
                 root.home->cell, root.between ? " by others" : "");
    snprintf(out, room, "an object of the heap (byte %lu of %lu%s)",
             place->at - place->object, heap_size((const void *)place->object), leads);
}

void held_name(const struct held *h, const struct plan *plan, search_skip_fn skip,
               struct refusal *out)
{
    const struct home *home = h->place.home;
    const struct lead *t = &h->lead;
    const struct moving_type *type = t->element ? type_of(plan, t->element) : NULL;
    const char *cell = type        ? type->cell
                       : t->object ? t->object->cell
                                   : t->stub->version->info.name;
    const char *symbol = type ? type->name : t->object ? t->object->key : t->stub->name;
    const char *who = home ? home->cell : h->task[0] ? h->task : NULL;
    char holder[160];
    char mark[128] = "";
    if (h->task[0])
        snprintf(holder, sizeof holder, "task %s", h->task);
    else if (home)
        snprintf(holder, sizeof holder, "%s of %s", home->key, home->cell);
    else
        describe(&h->place, plan, skip, holder, sizeof holder);
    if (home && type)
        snprintf(mark, sizeof mark, ", or say EVOLVE_POINTS(%s)", home->key);
    else if (home)
        snprintf(mark, sizeof mark,
                 ", or let %s go over edges that copy it (EVOLVE_STATE): then it follows",
                 home->key);
    if (type)
        (void)refuse(
            out, "held", cell, symbol, who,
            "%s holds a pointer to a struct %s of %s that no walk names, so it would be "
            "left behind; name it with evolve_pointer() in EVOLVE_WALKS(%s)%s",
            holder, symbol, cell, symbol, mark);
    else if (t->object && (migration_folds(t->object) || t->object->constant) &&
             t->object->old_home->storage != CELL_STORE_RODATA)
        (void)refuse(
            out, "held", cell, symbol, who,
            "%s holds a pointer into %s of %s, which is a constant in the new version, "
            "or "
            "folded away, so that nobody could write through it; leave it mutable "
            "(volatile) as long as others point to it",
            holder, symbol, cell);
    else if (t->object)
        (void)refuse(
            out, "held", cell, symbol, who,
            "%s holds a pointer into %s of %s, to what the new form has at another "
            "place; keep the fields that others point to where they are and add new "
            "ones behind them%s",
            holder, symbol, cell, mark);
    else
        (void)refuse(
            out, "held", cell, symbol, who,
            "%s holds a pointer to %s of %s in its old form and would go on to call it; "
            "give the new form a new name, and keep the old one for those who hold it",
            holder, symbol, cell);
}
