/* Pointers to elements that lie outside of them.
 * SPDX-License-Identifier: MIT
 *
 * A *place* is where walks or marks say that one may stand; a *slot* is a place that leads to an element now. A place in an
 * object that is transferred itself needs none: what it holds follows with it. Bytes behind an element do so where a place is.
 */
#include <core/plan/taking.h>

#include <stdlib.h>

uint64_t *places_static(const struct elements_request *in, uint64_t va)
{
    for (const struct home *h = in->plan->ns->homes; h; h = h->next)
        if (h->storage != CELL_STORE_RODATA && va - h->va < h->len && h->len >= 8 &&
            va - h->va <= h->len - 8)
            return (uint64_t *)cellmem_data(va);
    return NULL;
}

/* Lends the word at VA, if that is a place for pointers: data of a cell, or an object of the heap. Only in the tail of an element
 * of SET it may lie at any address: there it follows, and nobody reads it through what is lent. */
static uint64_t *word_at(const struct elements_request *in, const struct element_set *set,
                         uint64_t va, bool *out_in_heap)
{
    struct address_range o;
    *out_in_heap = false;
    if ((va & 7) && !taking_in_tail(set, va))
        return NULL;
    if (!taking_object_at(in, va, &o))
        return places_static(in, va);
    *out_in_heap = true;
    return o.end - va >= 8 ? (uint64_t *)va : NULL;
}

static bool follows(const struct taking *t, uint64_t va)
{
    const struct migration_list *all = &t->in->plan->migrations;
    for (uint32_t i = 0; i < all->count; i++) {
        const struct migration *m = &all->list[i];
        bool old = t->in->form == FORM_OLD;
        if (!m->constant &&
            va - (old ? m->old_va : m->new_va) < (old ? m->old_len : m->new_len))
            return true;
    }
    return elements_find(t->set, va) != NULL;
}

static enum status list_named(struct taking *t)
{
    for (uint32_t i = 0; i < t->in->list_count; i++) {
        const struct element_names *l = &t->in->lists[i];
        for (uint64_t k = 0; k < l->count; k++) {
            struct element_place place = {.at = l->names[k].at, .type = l->type};
            if (l->names[k].count)
                continue;
            place.word = word_at(t->in, t->set, place.at, &place.in_heap);
            if (!place.word)
                return taking_refuse(t->why, l->type, place.at, "no place for a pointer");
            t->set->places[t->set->place_count++] = place;
        }
    }
    return STATUS_OK;
}

/* All words of an object that a mark names. */
static void list_marked(struct taking *t)
{
    const struct plan *plan = t->in->plan;
    for (uint32_t i = 0; t->in->list_count && i < plan->place_count[t->in->form]; i++) {
        const struct pointer_place *p = &plan->places[t->in->form][i];
        for (uint64_t at = align_up(p->va, 8); at + 8 <= p->va + p->len; at += 8)
            t->set->places[t->set->place_count++] =
                (struct element_place){.at = at,
                                       .word = (uint64_t *)cellmem_data(at),
                                       .type = t->in->lists[0].type,
                                       .marked = true};
    }
}

void places_sort(struct taking *t)
{
    struct element_set *s = t->set;
    uint64_t kept = 0;
    qsort(s->places, s->place_count, sizeof *s->places, taking_by_address);
    for (uint64_t i = 0; i < s->place_count; i++) {
        bool marked = s->places[i].marked;
        if (kept && s->places[kept - 1].at == s->places[i].at)
            s->places[kept - 1].marked |= marked;
        else
            s->places[kept++] = s->places[i];
    }
    s->place_count = kept;
    for (uint64_t i = 0; i < kept; i++)
        s->places[i].follows = follows(t, s->places[i].at);
}

enum status places_list(struct taking *t)
{
    enum status status = list_named(t);
    if (status != STATUS_OK)
        return status;
    list_marked(t);
    places_sort(t);
    return STATUS_OK;
}

enum status places_read(struct taking *t)
{
    struct element_set *s = t->set;
    s->slot_count = 0;
    for (uint64_t i = 0; i < s->place_count; i++) {
        const struct element_place *p = &s->places[i];
        uint64_t before = p->follows ? 0 : *p->word;
        uint64_t after = before;
        const struct element *e = p->follows ? NULL : elements_find(s, before);
        if (!e)
            continue;
        if (!element_follow(e, &after))
            return taking_refuse(t->why, p->type, p->at,
                                 "a pointer to a field that is gone in the other form");
        s->slots[s->slot_count++] = (struct element_slot){
            .at = p->at, .word = p->word, .before = before, .after = after};
    }
    return STATUS_OK;
}
