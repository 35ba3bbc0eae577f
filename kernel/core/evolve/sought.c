/* Lists the addresses that would mean something else after a coupled swap, and says of one whether it is such.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/sought.h>

#include <core/evolve/described.h>
#include <core/evolve/leaving.h>
#include <core/evolve/search.h>

#include <core/plan/elements.h>
#include <lib/base/sorted.h>
#include <mm/heap/heap.h>
#include <stdlib.h>

/* ---- objects and elements -------------------------------------------------------------------- */

/* Every bit of LEN bytes keeps its place, so a pointer to any of them goes on to mean the same: an array that grows where
 * it is, an enumerator with another number. */
static bool keeps_places(const struct move_list *list, uint64_t len)
{
    uint64_t bits = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct field_move *k = &list->moves[i];
        if (k->kind == MOVE_PLACE)
            continue;
        if (k->kind == MOVE_UNUSED || k->from_bit != k->to_bit ||
            k->from_bits != k->to_bits || (k->count > 1 && k->from_stride != k->to_stride))
            return false;
        bits += k->count * k->from_bits;
    }
    return bits == 8 * len;
}

bool sought_stays(const struct sought *s, const struct migration *m)
{
    if (m->old_va != m->new_va)
        return false;
    if (!s->backwards)
        return keeps_places(&m->forward, m->old_len);
    return (m->old_type == m->new_type && m->old_len == m->new_len) ||
           keeps_places(&m->reverse, m->new_len);
}

/* M is a constant that loses its end, and nothing else changes. (On the way back nobody asks: what is there stays.) */
static bool is_cut(const struct sought *s, const struct migration *m)
{
    return m->constant && !m->forward.count && !s->backwards && m->old_va == m->new_va &&
           m->new_len < m->old_len;
}

const struct migration *sought_cut_at(const struct sought *s, uint64_t va)
{
    const struct migration_list *all = &s->plan->migrations;
    for (uint32_t i = 0; s->cuts && i < all->count; i++) {
        const struct migration *m = &all->list[i];
        if (is_cut(s, m) && va >= m->new_va + m->new_len && va < m->old_va + m->old_len)
            return m;
    }
    return NULL;
}

static void list_objects(struct sought *s)
{
    const struct migration_list *all = &s->plan->migrations;
    for (uint32_t i = 0; i < all->count; i++) {
        const struct migration *m = &all->list[i];
        if (is_cut(s, m)) {
            search_for(m->new_va + m->new_len, m->old_va + m->old_len);
            s->cuts = true;
            s->any = true;
        }
        if ((m->constant && !m->forward.count) || sought_stays(s, m))
            continue;
        if (s->backwards)
            search_for(m->new_va, m->new_va + m->new_len);
        else
            search_for(m->old_va, m->old_va + m->old_len);
        s->any = true;
    }
}

bool sought_list_elements(const struct sought *s)
{
    const struct element_set *set = s->plan->migrations.elements;
    for (uint64_t i = 0; set && i < set->count; i++) {
        const struct element *e = &set->elements[i];
        search_for(e->from, e->from + element_len(e));
    }
    return set && set->count;
}

/* ---- stubs, and homes that go with the text -------------------------------------------------- */

bool sought_list_left(struct sought *s)
{
    uint32_t room = 1;
    for (uint32_t i = 0; i < leaving_count(); i++)
        room += leaving_at(i)->from->elf.section_count;
    if (!addresses_init(&s->left, room))
        return false;
    for (uint32_t i = 0; i < leaving_count(); i++) {
        const struct version *v = leaving_at(i)->from;
        for (uint32_t k = 1; k < v->elf.section_count && !leaving_at(i)->stays; k++)
            if (v->section_home[k])
                addresses_add(&s->left, v->section_home[k]);
    }
    addresses_sort(&s->left);
    return true;
}

bool sought_leaves(const struct sought *s, const struct home *h)
{
    return addresses_count(&s->left, (uint64_t)h) == h->refs;
}

static void add_target(struct sought *s, uint64_t begin, uint64_t len,
                       const struct stub *stub, const struct home *home)
{
    s->targets[s->target_count++] =
        (struct sought_target){begin, begin + len, home, {.stub = stub}};
    search_for(begin, begin + len);
}

/* Lists the stubs that go on in the new versions. False: no memory. */
static bool list_kept_stubs(const struct plan *plan, struct addresses *out)
{
    uint32_t room = 1;
    for (uint32_t i = 0; i < plan->cell_count; i++)
        room += plan->cells[i].fresh ? plan->cells[i].fresh->function_count : 0;
    if (!addresses_init(out, room))
        return false;
    for (uint32_t i = 0; i < plan->cell_count; i++) {
        const struct version *v = plan->cells[i].fresh;
        for (uint32_t k = 0; v && k < v->function_count; k++)
            if (v->functions[k].stub)
                addresses_add(out, v->functions[k].stub);
    }
    addresses_sort(out);
    return true;
}

static int by_begin(const void *a, const void *b)
{
    uint64_t x = ((const struct sought_target *)a)->begin;
    uint64_t y = ((const struct sought_target *)b)->begin;
    return (x > y) - (x < y);
}

static bool goes_with_text(const struct stub *s)
{
    const struct leaving *l = s->version ? leaving_of(s->version) : NULL;
    return l && !l->stays;
}

static bool list_targets(struct sought *s)
{
    const struct namespace *ns = s->plan->ns;
    struct addresses kept = {0};
    uint32_t room = 1;
    bool stubs = false;
    if (!list_kept_stubs(s->plan, &kept))
        return false;
    for (const struct stub *stub = ns->stubs; stub; stub = stub->next)
        room += goes_with_text(stub);
    for (const struct home *h = ns->homes; h; h = h->next)
        room += sought_leaves(s, h);
    s->targets = heap_new_array(struct sought_target, room);
    for (const struct stub *stub = ns->stubs; s->targets && stub; stub = stub->next)
        if (goes_with_text(stub) && !addresses_count(&kept, (uint64_t)stub)) {
            add_target(s, stub->va, NAMESPACE_STUB_LEN, stub, NULL);
            stubs = true;
        }
    addresses_fini(&kept);
    if (!s->targets)
        return false;
    s->any |= stubs;
    for (const struct home *h = ns->homes; (s->any || s->plan->moving_count) && h;
         h = h->next)
        if (sought_leaves(s, h))
            add_target(s, h->va, h->capacity, NULL, h);
    qsort(s->targets, s->target_count, sizeof *s->targets, by_begin);
    return true;
}

struct sought_target *sought_target(const struct sought *s, uint64_t word)
{
    uint64_t behind = SORTED_UP_TO(s->targets, s->target_count, begin, word);
    struct sought_target *t = behind ? &s->targets[behind - 1] : NULL;
    return t && word < t->end ? t : NULL;
}

/* ---- what does not count --------------------------------------------------------------------- */

static bool list_rewritten(struct sought *s)
{
    const struct plan *plan = s->plan;
    if (!addresses_init(&s->rewritten, plan->poke_count + 1))
        return false;
    for (uint32_t i = 0; i < plan->poke_count; i++)
        if (plan->pokes[i].len == 8)
            addresses_add(&s->rewritten, (const void *)plan->pokes[i].va);
    addresses_sort(&s->rewritten);
    return true;
}

bool sought_rewrites(const struct sought *s, uint64_t at)
{
    return addresses_count(&s->rewritten, at) != 0 || sought_cut_at(s, at);
}

static bool list_described(struct sought *s)
{
    const void *lists[] = {s->targets, s->rewritten.list};
    return described_list(s->plan, lists, ARRAY_LEN(lists), &s->described);
}

bool sought_describes(const struct sought *s, uint64_t object)
{
    return addresses_count(&s->described, object) != 0;
}

/* ---- all of it ------------------------------------------------------------------------------ */

void sought_init(struct sought *s, const struct plan *plan, bool backwards)
{
    *s = (struct sought){.plan = plan, .backwards = backwards};
}

void sought_fini(struct sought *s)
{
    elements_forget(s->targets, s->target_count * sizeof *s->targets);
    addresses_fini(&s->left);
    addresses_fini(&s->rewritten);
    addresses_fini(&s->described);
    *s = (struct sought){0};
}

bool sought_list(struct sought *s)
{
    list_objects(s);
    return (s->backwards || list_targets(s)) && list_rewritten(s) && list_described(s);
}

uint64_t sought_bytes(const struct sought *s)
{
    const void *lists[] = {s->targets, s->left.list, s->rewritten.list, s->described.list};
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < ARRAY_LEN(lists); i++)
        bytes += lists[i] ? heap_size(lists[i]) : 0;
    return bytes;
}
