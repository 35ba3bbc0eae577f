/* The set that takes back what a commit has stored, as long as nobody has seen it, and whether it is complete.
 * SPDX-License-Identifier: MIT
 */
#include <core/plan/taking.h>

#include <mm/heap/heap.h>
#include <stdlib.h>
#include <string.h>

static uint64_t bytes_in_other_form(const struct element_set *set)
{
    uint64_t len = 0;
    for (uint64_t i = 0; i < set->count; i++)
        len += element_other_len(&set->elements[i]);
    return len;
}

void elements_mirror_slots(const struct element_set *set, struct element_set *mirror)
{
    mirror->slot_count = set->slot_count;
    for (uint64_t i = 0; i < set->slot_count; i++) {
        const struct element_slot *s = &set->slots[i];
        mirror->slots[i] = (struct element_slot){
            .at = s->at, .word = s->word, .before = s->after, .after = s->before};
    }
}

enum status elements_mirror(const struct element_set *set, struct element_set **out)
{
    struct element_set *m = heap_new(struct element_set);
    if (m) {
        m->bytes_len = bytes_in_other_form(set);
        m->bytes = heap_new_array(uint8_t, m->bytes_len + 8);
    }
    if (!m || !m->bytes || !taking_lists(m, set->room)) {
        elements_fini(m);
        return STATUS_FULL;
    }
    uint64_t used = 0;
    m->blind = true;
    m->count = set->count;
    for (uint64_t i = 0; i < set->count; i++) {
        const struct element *e = &set->elements[i];
        m->elements[i] = (struct element){.from = e->to,
                                          .to = e->from,
                                          .count = e->count,
                                          .tail = e->tail,
                                          .form = e->other,
                                          .other = e->form,
                                          .seen = m->bytes + used};
        used += element_other_len(e);
    }
    qsort(m->elements, m->count, sizeof *m->elements, taking_by_address);
    elements_mirror_slots(set, m);
    *out = m;
    return STATUS_OK;
}

void elements_note_stored(struct element_set *mirror)
{
    for (uint64_t i = 0; mirror && i < mirror->count; i++) {
        const struct element *e = &mirror->elements[i];
        memcpy(e->seen, (const void *)e->from, element_len(e));
    }
}

/* ---- rehearsal ---------------------------------------------------------------------------- */

static void name_slot(struct element_set *set, uint64_t at)
{
    struct element_slot *slot = elements_slot(set, at);
    if (slot)
        slot->named = true;
}

/* Gives false when NAME is no element that was moved. */
static bool name_element(struct element_set *mirror, const struct moving_type *type,
                         const struct evolve_name *name)
{
    struct element *e = elements_find(mirror, name->at);
    if (!e || e->from != name->at || !taking_same(e, name) ||
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
                (void)taking_refuse(out_why, lists[i].type, name->at,
                                    "none of the elements that were moved");
                return false;
            }
        }
    return !list_count || all_named(mirror, lists[0].type, out_why);
}
