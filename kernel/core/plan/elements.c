/* Elements of the heap go from one form to the other, into new storage.
 * SPDX-License-Identifier: MIT
 *
 * What a walk gives is not trusted: an element must be a live object of the heap that is long enough, a pointer must
 * lie in a home or in such an object. Who names an element twice does no harm.
 */
#include <core/plan/elements.h>

#include <core/commit/transfer.h>
#include <core/plan/private.h>
#include <mm/heap/heap.h>
#include <stdlib.h>
#include <string.h>

struct taking {
    const struct elements_request *in;
    struct element_set *set;
    struct refusal *why;
};

/* Elements and slots begin with the address that they are sorted by. */
static int by_address(const void *a, const void *b)
{
    uint64_t x = get_le64(a);
    uint64_t y = get_le64(b);
    return (x > y) - (x < y);
}

/* Gives the live object of the heap that VA lies in. */
static bool object_at(const struct elements_request *in, uint64_t va,
                      struct address_range *out)
{
    uint64_t low = 0;
    uint64_t high = in->run_count;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (in->runs[middle].at <= va)
            low = middle + 1;
        else
            high = middle;
    }
    const struct heap_run *r = low ? &in->runs[low - 1] : NULL;
    uint64_t index = r ? (va - r->at) / r->len : 0;
    if (!r || index >= r->count || !heap_run_uses(r, index))
        return false;
    *out = (struct address_range){r->at + index * r->len, r->at + (index + 1) * r->len};
    return true;
}

/* ---- elements ----------------------------------------------------------------------------- */

static enum status refuse_name(struct taking *t, const struct moving_type *type,
                               uint64_t at, const char *what)
{
    return refuse(t->why, "walk", type->cell, type->name, NULL,
                  "a walk of struct %s names 0x%lx, which is %s; nothing was changed",
                  type->name, (unsigned long)at, what);
}

static enum status add_element(struct taking *t, const struct moving_type *type,
                               const struct evolve_name *name)
{
    const struct moving_form *form = &type->form[t->in->form];
    struct address_range o;
    if (!object_at(t->in, name->at, &o) || o.begin != name->at)
        return refuse_name(t, type, name->at, "no object of the heap");
    if (name->count > (o.end - o.begin) / form->len)
        return refuse_name(t, type, name->at, "too short for its elements");
    t->set->elements[t->set->count++] = (struct element){
        .from = name->at,
        .count = name->count,
        .form = form,
        .other = &type->form[t->in->form == FORM_OLD ? FORM_NEW : FORM_OLD]};
    return STATUS_OK;
}

static enum status drop_doubles(struct taking *t)
{
    struct element_set *s = t->set;
    uint64_t kept = 0;
    qsort(s->elements, s->count, sizeof *s->elements, by_address);
    for (uint64_t i = 0; i < s->count; i++) {
        const struct element *e = &s->elements[i];
        const struct element *last = kept ? &s->elements[kept - 1] : NULL;
        if (last && last->from == e->from &&
            (last->form != e->form || last->count != e->count))
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

static bool take_lists(struct element_set *set, uint64_t room)
{
    set->room = room;
    set->elements = heap_calloc(room, sizeof *set->elements);
    set->slots = heap_calloc(room, sizeof *set->slots);
    return set->elements && set->slots;
}

static enum status list_elements(struct taking *t)
{
    uint64_t room = 1;
    for (uint32_t i = 0; i < t->in->list_count; i++)
        room += t->in->lists[i].count;
    for (uint32_t i = 0; i < t->in->plan->place_count[t->in->form]; i++)
        room += t->in->plan->places[t->in->form][i].len / 8;
    if (!take_lists(t->set, room))
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

/* Takes the new storage, and notes what the elements hold. */
static enum status take_storage(struct taking *t)
{
    struct element_set *s = t->set;
    uint64_t len = 0;
    for (uint64_t i = 0; i < s->count; i++)
        len += s->elements[i].count * s->elements[i].form->len;
    s->bytes = heap_calloc(1, len + 8);
    if (!s->bytes)
        return STATUS_FULL;
    s->bytes_len = len;
    len = 0;
    for (uint64_t i = 0; i < s->count; i++) {
        struct element *e = &s->elements[i];
        void *to = heap_calloc(e->count, e->form->other_len);
        if (!to)
            return STATUS_FULL;
        e->to = (uint64_t)to;
        e->seen = s->bytes + len;
        memcpy(e->seen, (const void *)e->from, e->count * e->form->len);
        len += e->count * e->form->len;
    }
    return STATUS_OK;
}

/* ---- pointers ----------------------------------------------------------------------------- */

/* Lends the word at VA, if that is a place for pointers: data of a cell, or an object of the heap. */
static uint64_t *word_at(const struct elements_request *in, uint64_t va)
{
    struct address_range o;
    if (va & 7)
        return NULL;
    if (object_at(in, va, &o))
        return o.end - va >= 8 ? (uint64_t *)va : NULL;
    for (const struct home *h = in->plan->ns->homes; h; h = h->next)
        if (h->storage != CELL_STORE_RODATA && va - h->va < h->len && h->len >= 8 &&
            va - h->va <= h->len - 8)
            return (uint64_t *)cellmem_data(va);
    return NULL;
}

/* What lies in an object that is transferred itself follows with it. */
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

static enum status add_word(struct taking *t, const struct moving_type *type, uint64_t at,
                            uint64_t *word)
{
    const struct element *e = elements_find(t->set, *word);
    uint64_t after = *word;
    if (!e || follows(t, at))
        return STATUS_OK;
    if (!element_follow(e, &after))
        return refuse_name(t, type, at,
                           "a pointer to a field that is gone in the other form");
    t->set->slots[t->set->slot_count++] =
        (struct element_slot){.at = at, .word = word, .before = *word, .after = after};
    return STATUS_OK;
}

static enum status add_slot(struct taking *t, const struct moving_type *type, uint64_t at)
{
    uint64_t *word = word_at(t->in, at);
    return word ? add_word(t, type, at, word)
                : refuse_name(t, type, at, "no place for a pointer");
}

static enum status list_named(struct taking *t)
{
    for (uint32_t i = 0; i < t->in->list_count; i++) {
        const struct element_names *l = &t->in->lists[i];
        for (uint64_t k = 0; k < l->count; k++) {
            enum status status =
                l->names[k].count ? STATUS_OK : add_slot(t, l->type, l->names[k].at);
            if (status != STATUS_OK)
                return status;
        }
    }
    return STATUS_OK;
}

/* Of an object that a mark names, the words that lead to elements. */
static enum status list_marked(struct taking *t)
{
    const struct plan *plan = t->in->plan;
    for (uint32_t i = 0; t->in->list_count && i < plan->place_count[t->in->form]; i++) {
        const struct pointer_place *p = &plan->places[t->in->form][i];
        for (uint64_t at = align_up(p->va, 8); at + 8 <= p->va + p->len; at += 8) {
            enum status status =
                add_word(t, t->in->lists[0].type, at, (uint64_t *)cellmem_data(at));
            if (status != STATUS_OK)
                return status;
        }
    }
    return STATUS_OK;
}

static enum status list_slots(struct taking *t)
{
    uint64_t kept = 0;
    enum status status = list_named(t);
    if (status == STATUS_OK)
        status = list_marked(t);
    if (status != STATUS_OK)
        return status;
    qsort(t->set->slots, t->set->slot_count, sizeof *t->set->slots, by_address);
    for (uint64_t i = 0; i < t->set->slot_count; i++)
        if (!kept || t->set->slots[kept - 1].at != t->set->slots[i].at)
            t->set->slots[kept++] = t->set->slots[i];
    t->set->slot_count = kept;
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

static enum status transfer(struct taking *t, const struct element *e)
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

static enum status transfer_all(struct taking *t)
{
    struct migration_list *all = &t->in->plan->migrations;
    struct element_set *before = all->elements;
    enum status status = STATUS_OK;
    all->elements = t->set;
    for (uint64_t i = 0; status == STATUS_OK && i < t->set->count; i++) {
        begin_as_before(t->in, &t->set->elements[i]);
        if (!t->set->elements[i].form->stepwise)
            status = transfer(t, &t->set->elements[i]);
    }
    all->elements = before;
    return status;
}

enum status elements_take(const struct elements_request *request,
                          struct element_set **out, struct refusal *out_why)
{
    struct taking t = {.in = request, .why = out_why};
    t.set = heap_calloc(1, sizeof *t.set);
    enum status status = t.set ? list_elements(&t) : STATUS_FULL;
    if (status == STATUS_OK)
        status = take_storage(&t);
    if (status == STATUS_OK)
        status = list_slots(&t);
    if (status == STATUS_OK)
        status = transfer_all(&t);
    if (status != STATUS_OK) {
        elements_free(t.set, true);
        elements_fini(t.set);
        return status;
    }
    *out = t.set;
    return STATUS_OK;
}

static uint64_t bytes_in_other_form(const struct element_set *set)
{
    uint64_t len = 0;
    for (uint64_t i = 0; i < set->count; i++)
        len += set->elements[i].count * set->elements[i].form->other_len;
    return len;
}

enum status elements_mirror(const struct element_set *set, struct element_set **out)
{
    struct element_set *m = heap_calloc(1, sizeof *m);
    if (m) {
        m->bytes_len = bytes_in_other_form(set);
        m->bytes = heap_calloc(1, m->bytes_len + 8);
    }
    if (!m || !m->bytes || !take_lists(m, set->count + set->slot_count + 1)) {
        elements_fini(m);
        return STATUS_FULL;
    }
    uint64_t used = 0;
    m->blind = true;
    m->count = set->count;
    m->slot_count = set->slot_count;
    for (uint64_t i = 0; i < set->count; i++) {
        const struct element *e = &set->elements[i];
        m->elements[i] = (struct element){.from = e->to,
                                          .to = e->from,
                                          .count = e->count,
                                          .form = e->other,
                                          .other = e->form,
                                          .seen = m->bytes + used};
        used += e->count * e->form->other_len;
    }
    qsort(m->elements, m->count, sizeof *m->elements, by_address);
    for (uint64_t i = 0; i < set->slot_count; i++) {
        const struct element_slot *s = &set->slots[i];
        m->slots[i] = (struct element_slot){
            .at = s->at, .word = s->word, .before = s->after, .after = s->before};
    }
    *out = m;
    return STATUS_OK;
}

void elements_note_stored(struct element_set *mirror)
{
    for (uint64_t i = 0; mirror && i < mirror->count; i++) {
        const struct element *e = &mirror->elements[i];
        memcpy(e->seen, (const void *)e->from, e->count * e->form->len);
    }
}

/* ---- rehearsal ---------------------------------------------------------------------------- */

static void name_slot(struct element_set *set, uint64_t at)
{
    uint64_t low = 0;
    uint64_t high = set->slot_count;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (set->slots[middle].at == at)
            set->slots[middle].named = true;
        if (set->slots[middle].at < at)
            low = middle + 1;
        else
            high = middle;
    }
}

/* Gives false when NAME is no element that was moved. */
static bool name_element(struct element_set *mirror, const struct moving_type *type,
                         const struct evolve_name *name)
{
    struct element *e = elements_find(mirror, name->at);
    if (!e || e->from != name->at || e->count != name->count ||
        e->form != &type->form[FORM_NEW])
        return false;
    e->named = true;
    return true;
}

static bool all_named(const struct element_set *mirror, const struct moving_type *type,
                      struct refusal *out_why)
{
    for (uint64_t i = 0; i < mirror->count; i++)
        if (!mirror->elements[i].named) {
            (void)refuse(out_why, "walk", type->cell, type->name, NULL,
                         "the new walk of struct %s leaves out an element, at 0x%lx",
                         type->name, (unsigned long)mirror->elements[i].from);
            return false;
        }
    for (uint64_t i = 0; i < mirror->slot_count; i++)
        if (!mirror->slots[i].named) {
            (void)refuse(
                out_why, "walk", type->cell, type->name, NULL,
                "the new walk of struct %s leaves out the pointer at 0x%lx, which "
                "the old one names",
                type->name, (unsigned long)mirror->slots[i].at);
            return false;
        }
    return true;
}

/* What a mark of the new form names need not be named by its walk. */
static bool is_marked(const struct plan *plan, uint64_t at)
{
    for (uint32_t i = 0; i < plan->place_count[FORM_NEW]; i++) {
        const struct pointer_place *p = &plan->places[FORM_NEW][i];
        if (at - p->va < p->len)
            return true;
    }
    return false;
}

bool elements_agree(const struct plan *plan, struct element_set *mirror,
                    const struct element_names *lists, uint32_t list_count,
                    struct refusal *out_why)
{
    for (uint64_t i = 0; i < mirror->count; i++)
        mirror->elements[i].named = false;
    for (uint64_t i = 0; i < mirror->slot_count; i++)
        mirror->slots[i].named = is_marked(plan, mirror->slots[i].at);
    for (uint32_t i = 0; i < list_count; i++)
        for (uint64_t k = 0; k < lists[i].count; k++) {
            const struct evolve_name *name = &lists[i].names[k];
            if (!name->count) {
                name_slot(mirror, name->at);
            } else if (!name_element(mirror, lists[i].type, name)) {
                (void)refuse_name(&(struct taking){.why = out_why}, lists[i].type,
                                  name->at, "none of the elements that were moved");
                return false;
            }
        }
    return !list_count || all_named(mirror, lists[0].type, out_why);
}

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

void elements_fini(struct element_set *set)
{
    if (!set)
        return;
    elements_forget(set->elements, set->room * sizeof *set->elements);
    elements_forget(set->slots, set->room * sizeof *set->slots);
    elements_forget(set->bytes, set->bytes_len);
    heap_free(set);
}
