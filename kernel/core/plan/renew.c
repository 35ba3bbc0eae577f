/* Elements that were taken while tasks ran are made true while all stand.
 * SPDX-License-Identifier: MIT
 *
 * Between the two, elements come, go and change. What is named now and was named then keeps its new storage; of that only
 * those are brought to the other form again that hold something else, or a word that leads to an element that came or went.
 */
#include <core/plan/taking.h>

#include <lib/base/sorted.h>
#include <mm/heap/heap.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is named ------------------------------------------------------------------------ */

/* Gives the place of the element that begins at AT, or the count. GUESS: where it may be. */
static uint64_t element_at(const struct element_set *s, uint64_t at, uint64_t guess)
{
    if (guess < s->count && s->elements[guess].from == at)
        return guess;
    uint64_t i = SORTED_BEFORE(s->elements, s->count, from, at);
    return i < s->count && s->elements[i].from == at ? i : s->count;
}

static struct element_place *place_at(const struct element_set *s, uint64_t at)
{
    uint64_t i = SORTED_BEFORE(s->places, s->place_count, at, at);
    return i < s->place_count && s->places[i].at == at ? &s->places[i] : NULL;
}

/* A walk goes over a list in the list's own order, so whom it names after LAST is noted. */
static bool match_element(struct taking *t, const struct moving_type *type,
                          const struct evolve_name *name, uint64_t *last)
{
    struct element_set *s = t->set;
    uint64_t guess = *last < s->count ? s->elements[*last].then : 0;
    uint64_t i = element_at(s, name->at, guess);
    if (i < s->count && s->elements[i].form == &type->form[t->in->form] &&
        taking_same(&s->elements[i], name)) {
        if (*last < s->count)
            s->elements[*last].then = i;
        s->elements[i].named = true;
        *last = i;
        return true;
    }
    if (s->count + s->fresh == s->room || name->count == EVOLVE_TAILED)
        return false; /* how long a new one is only the heap's list says */
    taking_add(t, &s->elements[s->count + s->fresh], type, name);
    s->elements[s->count + s->fresh++].named = true;
    return true;
}

static bool match_place(struct taking *t, const struct moving_type *type, uint64_t at)
{
    struct element_set *s = t->set;
    struct element_place *known = place_at(s, at);
    if (known) {
        known->named = true;
        return true;
    }
    if (s->place_count + s->fresh_places == s->place_room || (at & 7))
        return false;
    uint64_t *word = places_static(t->in, at);
    s->places[s->place_count + s->fresh_places++] =
        (struct element_place){.at = at,
                               .word = word ? word : (uint64_t *)at,
                               .type = type,
                               .in_heap = !word,
                               .named = true};
    return true;
}

/* Whoever is named twice is the same thing twice. */
static bool sort_fresh(struct element_set *s)
{
    struct element *fresh = s->elements + s->count;
    uint64_t kept = 0;
    qsort(fresh, s->fresh, sizeof *fresh, taking_by_address);
    for (uint64_t i = 0; i < s->fresh; i++) {
        const struct element *last = kept ? &fresh[kept - 1] : NULL;
        uint64_t known = element_at(s, fresh[i].from, s->count);
        if ((last && last->from == fresh[i].from &&
             (last->form != fresh[i].form || last->count != fresh[i].count)) ||
            (known < s->count && s->elements[known].named))
            return false;
        if (!last || last->from != fresh[i].from)
            fresh[kept++] = fresh[i];
    }
    s->fresh = kept;
    qsort(s->places + s->place_count, s->fresh_places, sizeof *s->places,
          taking_by_address);
    return true;
}

enum status elements_match(const struct elements_request *request, struct element_set *set)
{
    struct taking t = {.in = request, .set = set};
    uint64_t last = set->count;
    set->fresh = 0;
    set->fresh_places = 0;
    for (uint64_t i = 0; i < set->count; i++)
        set->elements[i].named = false;
    for (uint64_t i = 0; i < set->place_count; i++)
        set->places[i].named = set->places[i].marked;
    for (uint32_t i = 0; i < request->list_count; i++) {
        const struct element_names *l = &request->lists[i];
        for (uint64_t k = 0; k < l->count; k++)
            if (!(l->names[k].count ? match_element(&t, l->type, &l->names[k], &last)
                                    : match_place(&t, l->type, l->names[k].at)))
                return STATUS_AGAIN;
    }
    return sort_fresh(set) ? STATUS_OK : STATUS_AGAIN;
}

/* ---- who came and who went ---------------------------------------------------------------- */

/* Addresses that mean something else now. */
struct changes {
    struct address_range *ranges; /* sorted */
    uint64_t count;
};

static struct address_range range_of(const struct element *e)
{
    return (struct address_range){e->from, e->from + element_len(e)};
}

static bool list_changes(const struct element_set *s, struct changes *out)
{
    uint64_t count = s->fresh;
    for (uint64_t i = 0; i < s->count; i++)
        count += !s->elements[i].named;
    *out = (struct changes){0};
    if (!count)
        return true;
    out->ranges = heap_new_array(struct address_range, count);
    for (uint64_t i = 0; out->ranges && i < s->count + s->fresh; i++)
        if (i >= s->count || !s->elements[i].named)
            out->ranges[out->count++] = range_of(&s->elements[i]);
    if (!out->ranges)
        return false;
    qsort(out->ranges, count, sizeof *out->ranges, taking_by_address);
    out->count = 0;
    for (uint64_t i = 0; i < count; i++) {
        struct address_range *last = out->count ? &out->ranges[out->count - 1] : NULL;
        if (last && out->ranges[i].begin < last->end) /* what is now another thing */
            last->end = max_u64(last->end, out->ranges[i].end);
        else
            out->ranges[out->count++] = out->ranges[i];
    }
    return true;
}

static bool is_changed(const struct changes *c, uint64_t va)
{
    if (va < c->ranges[0].begin || va >= c->ranges[c->count - 1].end)
        return false;
    uint64_t behind = SORTED_UP_TO(c->ranges, c->count, begin, va);
    return behind && va < c->ranges[behind - 1].end;
}

/* The storage of those that went is freed, and that of those that came taken. */
static enum status exchange(struct element_set *s)
{
    uint64_t kept = 0;
    uint64_t len = 0;
    for (uint64_t i = 0; i < s->count; i++) {
        if (s->elements[i].named)
            s->elements[kept++] = s->elements[i];
        else
            heap_free((void *)s->elements[i].to);
    }
    memmove(s->elements + kept, s->elements + s->count, s->fresh * sizeof *s->elements);
    s->count = kept;
    for (uint64_t i = 0; i < s->fresh; i++)
        len += s->elements[kept + i].count * s->elements[kept + i].form->len;
    if (s->fresh && s->more_bytes)
        return STATUS_AGAIN; /* once is enough for a draft */
    if (s->fresh) {
        s->more_bytes = heap_new_array(uint8_t, len + 8);
        s->more_bytes_len = s->more_bytes ? len : 0;
    }
    len = 0;
    for (; s->fresh && s->more_bytes; s->fresh--, s->count++) {
        struct element *e = &s->elements[s->count];
        e->to = (uint64_t)heap_new_array(uint8_t, e->count * e->form->other_len);
        if (!e->to)
            return STATUS_FULL;
        e->seen = s->more_bytes + len;
        e->fresh = true;
        len += e->count * e->form->len;
    }
    if (s->fresh)
        return STATUS_FULL;
    qsort(s->elements, s->count, sizeof *s->elements, taking_by_address);
    return STATUS_OK;
}

/* Says whether other places are named than before. */
static bool exchange_places(struct taking *t, bool changed)
{
    struct element_set *s = t->set;
    uint64_t kept = 0;
    bool others = s->fresh_places != 0;
    for (uint64_t i = 0; i < s->place_count; i++)
        others |= !s->places[i].named;
    if (!changed && !others)
        return false;
    for (uint64_t i = 0; i < s->place_count + s->fresh_places; i++)
        if (s->places[i].named)
            s->places[kept++] = s->places[i];
    s->place_count = kept;
    s->fresh_places = 0;
    places_sort(t);
    return others;
}

/* ---- what they hold ----------------------------------------------------------------------- */

static bool leads_elsewhere(const struct element *e, const struct changes *c)
{
    uint64_t len = element_len(e);
    for (uint64_t at = 0; at + 8 <= len; at += 8)
        if (is_changed(c, get_le64(e->seen + at)))
            return true;
    return false;
}

/* In a tail only places say which words are pointers. */
static bool is_true(const struct element *e, const struct changes *c, bool other_places)
{
    return !e->fresh &&
           transfer_equal(e->seen, (const uint8_t *)e->from, element_len(e)) &&
           !(e->tail && (c->count || other_places)) &&
           !(c->count && leads_elsewhere(e, c));
}

enum status elements_renew(const struct elements_request *request,
                           struct element_set *set, struct refusal *out_why)
{
    struct taking t = {.in = request, .set = set, .why = out_why};
    struct changes changes;
    if (!list_changes(set, &changes))
        return STATUS_FULL;
    enum status status = changes.count ? exchange(set) : STATUS_OK;
    bool other_places = status == STATUS_OK && exchange_places(&t, changes.count != 0);
    for (uint64_t i = 0; status == STATUS_OK && i < set->count; i++)
        if (!is_true(&set->elements[i], &changes, other_places))
            status = taking_transfer(&t, &set->elements[i]);
    heap_free(changes.ranges);
    return status == STATUS_OK ? places_read(&t) : status;
}
