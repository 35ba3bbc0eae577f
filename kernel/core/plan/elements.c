/* Elements of the heap go from one form to the other, into new storage.
 * SPDX-License-Identifier: MIT
 *
 * What a walk gives is not trusted: an element must be a live object of the heap that is long enough, a pointer must
 * lie in a home or in such an object. Who names an element twice does no harm.
 */
#include <core/plan/taking.h>

#include <lib/base/evolve.h>
#include <lib/base/sorted.h>
#include <mm/heap/heap.h>
#include <stdlib.h>
#include <string.h>

enum { SLACK = 64 }; /* more elements or places that elements_renew() may find */

int taking_by_address(const void *a, const void *b)
{
    uint64_t x = get_le64(a);
    uint64_t y = get_le64(b);
    return (x > y) - (x < y);
}

bool taking_object_at(const struct elements_request *in, uint64_t va,
                      struct address_range *out)
{
    uint64_t behind = SORTED_UP_TO(in->runs, in->run_count, at, va);
    const struct heap_run *r = behind ? &in->runs[behind - 1] : NULL;
    uint64_t index = r ? (va - r->at) / r->len : 0;
    if (!r || index >= r->count || !heap_run_uses(r, index))
        return false;
    *out = (struct address_range){r->at + index * r->len, r->at + (index + 1) * r->len};
    return true;
}

enum status taking_refuse(struct refusal *out_why, const struct moving_type *type,
                          uint64_t at, const char *what)
{
    return refuse(out_why, "walk", type->cell, type->name, NULL,
                  "a walk of struct %s names 0x%lx, which is %s; nothing was changed",
                  type->name, (unsigned long)at, what);
}

/* ---- elements ----------------------------------------------------------------------------- */

void taking_add(struct taking *t, struct element *e, const struct moving_type *type,
                const struct evolve_name *name)
{
    int other = t->in->form == FORM_OLD ? FORM_NEW : FORM_OLD;
    *e = (struct element){.from = name->at,
                          .count = name->count == EVOLVE_TAILED ? 1 : name->count,
                          .form = &type->form[t->in->form],
                          .other = &type->form[other]};
}

bool taking_same(const struct element *e, const struct evolve_name *name)
{
    return name->count == EVOLVE_TAILED ? e->tail != 0
                                        : !e->tail && e->count == name->count;
}

bool taking_in_tail(const struct element_set *set, uint64_t va)
{
    const struct element *e = elements_find(set, va);
    return e && e->tail && va - e->from >= element_tail_at(e->form->len);
}

static enum status add_element(struct taking *t, const struct moving_type *type,
                               const struct evolve_name *name)
{
    const struct moving_form *form = &type->form[t->in->form];
    bool tailed = name->count == EVOLVE_TAILED;
    uint64_t before = element_tail_at(form->len); /* the tail */
    struct address_range o;
    if (!taking_object_at(t->in, name->at, &o) || o.begin != name->at)
        return taking_refuse(t->why, type, name->at, "no object of the heap");
    if (tailed ? o.end - o.begin <= before : name->count > (o.end - o.begin) / form->len)
        return taking_refuse(t->why, type, name->at, "too short for its elements");
    struct element *e = &t->set->elements[t->set->count++];
    taking_add(t, e, type, name);
    e->tail = tailed ? o.end - o.begin - before : 0;
    return STATUS_OK;
}

static enum status drop_doubles(struct taking *t)
{
    struct element_set *s = t->set;
    uint64_t kept = 0;
    qsort(s->elements, s->count, sizeof *s->elements, taking_by_address);
    for (uint64_t i = 0; i < s->count; i++) {
        const struct element *e = &s->elements[i];
        const struct element *last = kept ? &s->elements[kept - 1] : NULL;
        if (last && last->from == e->from &&
            (last->form != e->form || last->count != e->count || last->tail != e->tail))
            return refuse(
                t->why, "walk", NULL, NULL, NULL,
                "walks name 0x%lx twice, as different things; nothing was changed",
                (unsigned long)e->from);
        if (!last || last->from != e->from)
            s->elements[kept++] = *e;
    }
    s->count = kept;
    return STATUS_OK;
}

bool taking_lists(struct element_set *set, uint64_t room)
{
    set->room = room;
    set->elements = heap_new_array(struct element, room);
    set->slots = heap_new_array(struct element_slot, room);
    return set->elements && set->slots;
}

static enum status list_elements(struct taking *t)
{
    uint64_t room = SLACK;
    for (uint32_t i = 0; i < t->in->list_count; i++)
        room += t->in->lists[i].count + t->in->lists[i].count / 8;
    for (uint32_t i = 0; i < t->in->plan->place_count[t->in->form]; i++)
        room += t->in->plan->places[t->in->form][i].len / 8;
    t->set->places = heap_new_array(struct element_place, room);
    t->set->place_room = t->set->places ? room : 0;
    if (!t->set->places || !taking_lists(t->set, room))
        return STATUS_FULL;
    for (uint32_t i = 0; i < t->in->list_count; i++) {
        const struct element_names *l = &t->in->lists[i];
        for (uint64_t k = 0; k < l->count; k++) {
            enum status status =
                l->names[k].count ? add_element(t, l->type, &l->names[k]) : STATUS_OK;
            if (status != STATUS_OK)
                return status;
        }
    }
    return drop_doubles(t);
}

/* Takes the new storage, and room for what the elements hold. */
static enum status take_storage(struct taking *t)
{
    struct element_set *s = t->set;
    uint64_t len = 0;
    for (uint64_t i = 0; i < s->count; i++)
        len += element_len(&s->elements[i]);
    s->bytes = heap_new_array(uint8_t, len + 8);
    if (!s->bytes)
        return STATUS_FULL;
    s->bytes_len = len;
    len = 0;
    for (uint64_t i = 0; i < s->count; i++) {
        struct element *e = &s->elements[i];
        uint8_t *to = heap_new_array(uint8_t, element_other_len(e));
        if (!to)
            return STATUS_FULL;
        e->to = (uint64_t)to;
        e->seen = s->bytes + len;
        len += element_len(e);
    }
    return STATUS_OK;
}

/* ---- transfer ----------------------------------------------------------------------------- */

/* On the way back an element begins as what it was when the commit moved it. */
static void begin_as_before(const struct elements_request *in, struct element *e)
{
    const struct element *m = elements_find(in->mirror, e->from);
    e->begun = m && m->from == e->from && m->form == e->form;
    if (!e->begun)
        return;
    memcpy((void *)e->to, (const void *)m->to,
           min_u64(m->count, e->count) * e->form->other_len);
    e->stored = m->count == e->count ? m->seen : NULL;
}

static enum status run(struct taking *t, const struct element *e)
{
    struct migration_list *all = &t->in->plan->migrations;
    struct migration zeros = {.old_image = e->form->zeros};
    for (uint64_t n = 0; n < e->count; n++) {
        struct transfer one = {.all = all,
                               .object = &zeros,
                               .list = &e->form->map,
                               .from = e->seen + n * e->form->len,
                               .to = (uint8_t *)e->to + n * e->form->other_len,
                               .stored = e->stored ? e->stored + n * e->form->len : NULL,
                               .backwards = t->in->form == FORM_NEW};
        const struct field_move *k = transfer_run(&one);
        if (!k)
            continue;
        const struct moving_type *type = t->in->lists[0].type;
        for (uint32_t i = 0; i < t->in->list_count; i++)
            if (&t->in->lists[i].type->form[t->in->form] == e->form)
                type = t->in->lists[i].type;
        if (k->kind == MOVE_COPY)
            return refuse(t->why, "data", type->cell, type->name, NULL,
                          "%s of the struct %s at 0x%lx holds a pointer to a field that "
                          "is gone, or not clear; nothing was changed",
                          k->name[0] ? k->name : "a field", type->name,
                          (unsigned long)e->from);
        return plan_refuse_loss(
            t->why, type->cell, type->name,
            "%s of the struct %s at 0x%lx would be lost: its new form has no place for "
            "what it holds",
            k->name[0] ? k->name : "a field", type->name, (unsigned long)e->from);
    }
    return STATUS_OK;
}

/* The tail is bytes, whatever a word of them is like, but for the words that a walk names as pointers. */
static enum status move_tail(struct taking *t, const struct element *e)
{
    const struct element_set *s = t->set;
    uint64_t begin = element_tail_at(e->form->len);
    uint8_t *to = (uint8_t *)e->to + element_tail_at(e->form->other_len);
    uint64_t end = e->from + begin + e->tail;
    struct transfer one = {.all = &t->in->plan->migrations,
                           .backwards = t->in->form == FORM_NEW};
    memcpy(to, e->seen + begin, e->tail);
    for (uint64_t i = SORTED_BEFORE(s->places, s->place_count, at, e->from + begin);
         i < s->place_count && s->places[i].at < end; i++) {
        uint64_t at = s->places[i].at - e->from - begin;
        struct transfer_word word = {get_le64(to + at)};
        if (!transfer_pointer(&one, &word))
            return taking_refuse(t->why, s->places[i].type, s->places[i].at,
                                 "a pointer to a field that is gone in the other form");
        memcpy(to + at, &word, sizeof word);
    }
    return STATUS_OK;
}

enum status taking_transfer(struct taking *t, struct element *e)
{
    struct migration_list *all = &t->in->plan->migrations;
    struct element_set *before = all->elements;
    memcpy(e->seen, (const void *)e->from, element_len(e));
    memset((void *)e->to, 0, element_other_len(e));
    begin_as_before(t->in, e);
    all->elements = t->set;
    enum status status = e->form->stepwise ? STATUS_OK : run(t, e);
    if (status == STATUS_OK && e->tail)
        status = move_tail(t, e);
    all->elements = before;
    return status;
}

static void drop(struct element_set *set)
{
    elements_free(set, true);
    elements_fini(set);
}

enum status elements_list(const struct elements_request *request,
                          struct element_set **out, struct refusal *out_why)
{
    struct taking t = {.in = request, .why = out_why};
    t.set = heap_new(struct element_set);
    enum status status = t.set ? list_elements(&t) : STATUS_FULL;
    if (status == STATUS_OK)
        status = take_storage(&t);
    if (status == STATUS_OK)
        status = places_list(&t);
    if (status == STATUS_OK)
        *out = t.set;
    else
        drop(t.set);
    return status;
}

enum status elements_transfer(const struct elements_request *request,
                              struct element_set *set, uint64_t first, uint64_t count,
                              struct refusal *out_why)
{
    struct taking t = {.in = request, .set = set, .why = out_why};
    enum status status = STATUS_OK;
    for (uint64_t i = first; status == STATUS_OK && i < set->count && i < first + count;
         i++)
        status = taking_transfer(&t, &set->elements[i]);
    return status;
}

enum status elements_take(const struct elements_request *request,
                          struct element_set **out, struct refusal *out_why)
{
    struct taking t = {.in = request, .why = out_why};
    enum status status = elements_list(request, &t.set, out_why);
    if (status != STATUS_OK)
        return status;
    status = places_read(&t);
    if (status == STATUS_OK)
        status = elements_transfer(request, t.set, 0, t.set->count, out_why);
    if (status == STATUS_OK)
        *out = t.set;
    else
        drop(t.set);
    return status;
}

EVOLVE_LENT(elements_forget);
void elements_forget(void *list, uint64_t len)
{
    if (list)
        memset(list, 0, len);
    heap_free(list);
}

void elements_free(const struct element_set *set, bool to)
{
    for (uint64_t i = 0; set && i < set->count; i++) {
        const struct element *e = &set->elements[i];
        if (to || !e->kept)
            heap_free((void *)(to ? e->to : e->from));
    }
}

bool elements_own(const struct element_set *set, uint64_t object)
{
    return set && (object == (uint64_t)set->elements || object == (uint64_t)set->slots ||
                   object == (uint64_t)set->places || object == (uint64_t)set->bytes ||
                   object == (uint64_t)set->more_bytes || object == (uint64_t)set->pages);
}

void elements_fini(struct element_set *set)
{
    if (!set)
        return;
    elements_forget(set->elements, set->room * sizeof *set->elements);
    elements_forget(set->slots, set->room * sizeof *set->slots);
    elements_forget(set->places, set->place_room * sizeof *set->places);
    elements_forget(set->bytes, set->bytes_len);
    elements_forget(set->more_bytes, set->more_bytes_len);
    heap_free(set->pages);
    heap_free(set);
}
