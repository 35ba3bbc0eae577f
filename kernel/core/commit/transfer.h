/* Carries out migrations: old form to new form and back. Inline: part of each closure cell.
 * SPDX-License-Identifier: MIT
 *
 * No calls, no memory, no loops but over what the plan listed. Elements of the heap, and objects that their owner's edges
 * turn, were transferred before the park (plan/elements.c, plan/turn.c); here they are only compared and stored.
 * migrations_prepare() stores into the plan's own memory only, so that it may still fail; migrations_store() is past the
 * point of no return. Everything runs while nothing else does: under the park, or with the others held by the guard.
 */
#ifndef NEURATH_CORE_COMMIT_TRANSFER_H
#define NEURATH_CORE_COMMIT_TRANSFER_H

#include <core/commit/bits.h>
#include <core/plan/migration.h>
#include <lib/base/sorted.h>

/* Brings *VALUE, as read, into the range of K's new field. Gives false if it had to be cut. */
static inline bool transfer_fit(const struct field_move *k, uint64_t *value)
{
    uint64_t sign = 1ull << (k->from_bits - 1);
    if (k->from_signed && (*value & sign)) {
        int64_t v = (int64_t)(*value | ~transfer_mask(k->from_bits));
        int64_t least = k->to_signed ? (int64_t)~transfer_mask(k->to_bits - 1) : 0;
        *value = (uint64_t)(v < least ? least : v);
        return v >= least;
    }
    uint64_t most =
        k->to_bool ? 1 : transfer_mask(k->to_signed ? k->to_bits - 1 : k->to_bits);
    if (*value <= most)
        return true;
    *value = most;
    return false;
}

static inline bool transfer_rename(const struct field_move *k,
                                   const struct renaming *renamings, uint64_t *value)
{
    for (uint32_t i = 0; i < k->renaming_count; i++)
        if (renamings[k->first_renaming + i].from == *value) {
            *value = renamings[k->first_renaming + i].to;
            return true;
        }
    return false;
}

/* Where the byte OFFSET of one form lies in the other. False: it is gone, or two things that part. */
static inline bool transfer_offset(const struct move_list *list, uint64_t offset,
                                   uint64_t *out_offset)
{
    bool found = false;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct field_move *k = &list->moves[i];
        if (k->kind == MOVE_UNUSED || offset * 8 < k->from_bit)
            continue;
        uint64_t in = offset * 8 - k->from_bit;
        uint64_t n = k->from_stride ? in / k->from_stride : 0;
        in -= n * k->from_stride;
        if (n >= k->count || in >= k->from_bits || (in && k->kind != MOVE_COPY))
            continue;
        uint64_t to = (k->to_bit + n * k->to_stride + in) / 8;
        if (found && to != *out_offset)
            return false;
        found = true;
        *out_offset = to;
    }
    return found;
}

/* Lends the element of SET (NULL accepted) that VA lies in, or NULL. */
static inline struct element *elements_find(const struct element_set *set, uint64_t va)
{
    uint64_t behind = SORTED_UP_TO(set->elements, set ? set->count : 0, from, va);
    struct element *e = behind ? &set->elements[behind - 1] : NULL;
    return e && va - e->from < element_len(e) ? e : NULL;
}

/* Lends the pointer at AT that a walk has named, or NULL. */
static inline struct element_slot *elements_slot(const struct element_set *set,
                                                 uint64_t at)
{
    uint64_t i = SORTED_BEFORE(set->slots, set->slot_count, at, at);
    return i < set->slot_count && set->slots[i].at == at ? &set->slots[i] : NULL;
}

/* A pointer to an element's first byte is taken for one to the element. False: it begins with a struct (a link?) that parts. */
static inline bool element_begins(const struct move_list *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        const struct field_move *k = &list->moves[i];
        if (k->from_bit == 0 && k->to_bit != 0 &&
            (k->kind == MOVE_PLACE || (k->kind == MOVE_COPY && k->from_bits > 64)))
            return false;
    }
    return true;
}

/* Leads *VA, which lies in E, to the same place of E's other form. Gives false if that is gone, or not clear. What lies
 * between a struct and its tail nobody means: it is taken for the tail's begin. */
static inline bool element_follow(const struct element *e, uint64_t *va)
{
    if (e->tail && *va - e->from >= e->form->len) {
        uint64_t in = *va - e->from;
        uint64_t begin = element_tail_at(e->form->len);
        *va = e->to + element_tail_at(e->form->other_len) + (in > begin ? in - begin : 0);
        return true;
    }
    uint64_t n = (*va - e->from) / e->form->len;
    uint64_t offset = (*va - e->from) % e->form->len;
    if (offset ? !transfer_offset(&e->form->map, offset, &offset)
               : !element_begins(&e->form->map))
        return false;
    *va = e->to + n * e->form->other_len + offset;
    return true;
}

/* One transfer in progress: an object of ALL, from one form to the other. */
struct transfer {
    struct migration_list *all;
    const struct migration *object;
    const struct move_list *list;
    const uint8_t *from;
    uint8_t *to;
    bool backwards;
    const uint8_t *stored; /* on the way back: FROM as the commit stored it, or NULL */
};

static inline uint64_t transfer_begin(const struct migration *m, bool new_form)
{
    return new_form ? m->new_va : m->old_va;
}

/* Lends the object of ALL that VA lies in, in its new or old form; NULL: none. Called for each word that is copied. */
static inline const struct migration *transfer_object(const struct migration_list *all,
                                                      uint64_t va, bool new_form)
{
    const struct migration **sorted = new_form ? all->by_new : all->by_old;
    uint32_t low = 0;
    uint32_t high = all->moving_count;
    if (high && transfer_begin(sorted[0], new_form) > va)
        return NULL;
    while (low < high) { /* the first object that begins behind VA */
        uint32_t middle = low + (high - low) / 2;
        if (transfer_begin(sorted[middle], new_form) <= va)
            low = middle + 1;
        else
            high = middle;
    }
    const struct migration *m = low ? sorted[low - 1] : NULL;
    uint64_t len = !m ? 0 : new_form ? m->new_len : m->old_len;
    return m && va - transfer_begin(m, new_form) < len ? m : NULL;
}

/* Says whether what VA means, in the form of M that is left, will lie elsewhere, or nowhere. */
static inline bool transfer_moves(const struct migration *m, uint64_t va, bool backwards)
{
    uint64_t offset = va - transfer_begin(m, backwards);
    uint64_t to = 0;
    return m->old_va != m->new_va ||
           !transfer_offset(backwards ? &m->reverse : &m->forward, offset, &to) ||
           to != offset;
}

/* A word that points into an object whose form changes is led to that field of the other form. Gives false if there is none. */
static inline bool transfer_pointer(struct transfer *t, struct transfer_word *w)
{
    const struct element *e = elements_find(t->all->elements, w->value);
    uint64_t to = w->value;
    if (e && element_follow(e, &to)) {
        w->value = to;
        return true;
    }
    if (e) {
        t->all->failed_word = w->value;
        return false;
    }
    const struct migration *m = transfer_object(t->all, w->value, t->backwards);
    if (!m)
        return true;
    uint64_t offset = w->value - transfer_begin(m, t->backwards);
    if (!transfer_offset(t->backwards ? &m->reverse : &m->forward, offset, &offset)) {
        t->all->failed_word = w->value;
        return false;
    }
    w->value = transfer_begin(m, !t->backwards) + offset;
    return true;
}

static inline bool transfer_bytes(struct transfer *t, uint64_t from, uint64_t to,
                                  uint64_t len)
{
    transfer_copy(t->to + to, t->from + from, len);
    for (uint64_t at = (to + 7) & ~7ull; at + 8 <= to + len; at += 8)
        if (!transfer_pointer(t, (struct transfer_word *)(t->to + at)) && !t->backwards)
            return false;
    return true;
}

/* What the new code has not touched comes back as it was before, whatever the two forms can hold. */
static inline bool transfer_untouched(const struct transfer *t,
                                      const struct field_move *k, uint64_t from_bit)
{
    return t->stored && transfer_get(t->stored, from_bit, k->from_bits) ==
                            transfer_get(t->from, from_bit, k->from_bits);
}

/* A value does not fit. Gives false if that stops the transfer. */
static inline bool transfer_cut(struct transfer *t, const struct field_move *k)
{
    if (k->lenient && t->backwards && !t->all->cut++)
        t->all->cut_name = k->name;
    return k->lenient;
}

/* Moves one element. Gives false if its value has no place in the other form. */
static inline bool transfer_one(struct transfer *t, const struct field_move *k,
                                uint64_t from_bit, uint64_t to_bit)
{
    uint64_t value;
    switch (k->kind) {
    case MOVE_COPY: return transfer_bytes(t, from_bit / 8, to_bit / 8, k->from_bits / 8);
    case MOVE_UNUSED:
        return transfer_equal(t->from + from_bit / 8, t->object->old_image + from_bit / 8,
                              k->from_bits / 8);
    case MOVE_NUMBER:
        value = transfer_get(t->from, from_bit, k->from_bits);
        if (transfer_untouched(t, k, from_bit))
            return true;
        if (!transfer_fit(k, &value) && !transfer_cut(t, k))
            return false;
        transfer_put(t->to, to_bit, k->to_bits, value);
        return true;
    case MOVE_NAME:
    case MOVE_FUNCTION:
        value = transfer_get(t->from, from_bit, k->from_bits);
        if (transfer_untouched(t, k, from_bit))
            return true;
        if (!transfer_rename(k, t->list->renamings, &value)) {
            if (k->kind == MOVE_FUNCTION && !k->lenient)
                t->all->failed_word = value;
            return transfer_cut(t, k);
        }
        transfer_put(t->to, to_bit, k->to_bits, value);
        return true;
    default: return true;
    }
}

/* Gives the move that found no place for a value, or NULL. */
static inline const struct field_move *transfer_run(struct transfer *t)
{
    for (uint32_t i = 0; i < t->list->count; i++) {
        const struct field_move *k = &t->list->moves[i];
        if (k->kind == MOVE_PLACE)
            continue;
        for (uint32_t n = 0; n < k->count; n++)
            if (!transfer_one(t, k, k->from_bit + n * k->from_stride,
                              k->to_bit + n * k->to_stride))
                return k;
    }
    return NULL;
}

/* Makes the new forms of ALL, but for what lies beside, from what is live now. Gives false, with what stopped it in ALL, when a
 * value has no place in the new form: nothing that runs has been touched. */
static inline bool migrations_prepare_each(struct migration_list *all)
{
    all->failed = NULL;
    all->failed_word = 0;
    for (uint32_t i = 0; i < all->count; i++) {
        const struct migration *m = &all->list[i];
        if (m->constant || moves_turned(&m->forward))
            continue;
        transfer_copy(m->saved, m->old_at, m->old_len);
        struct transfer t = {all, m, &m->forward, m->saved, m->prepared, false, NULL};
        const struct field_move *k = transfer_run(&t);
        if (k) {
            all->failed = m;
            all->failed_name = k->name;
            return false;
        }
    }
    return true;
}

static inline bool migrations_prepare(struct migration_list *all)
{
    struct migration_list *beside = all->beside;
    if (beside && !migrations_prepare_each(beside)) {
        all->failed = beside->failed;
        all->failed_name = beside->failed_name;
        all->failed_word = beside->failed_word;
        return false;
    }
    return migrations_prepare_each(all);
}

/* Says whether COUNT elements from FIRST on are as they were when they were transferred. */
static inline bool elements_equal(const struct element_set *set, uint64_t first,
                                  uint64_t count)
{
    for (const struct element *e = &set->elements[first]; count; count--, e++)
        if (!transfer_equal(e->seen, (const uint8_t *)e->from, element_len(e)))
            return false;
    return true;
}

/* Says whether elements and pointers are as they were when the elements were transferred. */
static inline bool elements_hold(const struct element_set *set)
{
    for (uint64_t i = 0; set && i < set->page_count; i++) {
        const struct element_page *p = &set->pages[i];
        if ((__atomic_load_n(p->entry, __ATOMIC_RELAXED) & set->written) &&
            !elements_equal(set, p->first, p->count))
            return false;
    }
    if (set && !set->blind && !set->pages && !elements_equal(set, 0, set->count))
        return false;
    for (uint64_t i = 0; set && i < set->slot_count; i++)
        if (*set->slots[i].word != set->slots[i].before)
            return false;
    return true;
}

/* Says whether what the owners' edges were given is still what is there. */
static inline bool migrations_hold(const struct migration_list *all, bool back)
{
    for (uint32_t i = 0; i < all->count; i++) {
        const struct migration *m = &all->list[i];
        if (moves_turned(back ? &m->reverse : &m->forward) &&
            !transfer_equal(back ? m->old_image : m->saved, back ? m->new_at : m->old_at,
                            back ? m->new_len : m->old_len))
            return false;
    }
    return true;
}

static inline void elements_store(const struct element_set *set, bool undo)
{
    for (uint64_t i = 0; set && i < set->slot_count; i++)
        *set->slots[i].word = undo ? set->slots[i].before : set->slots[i].after;
}

static inline void migrations_store_each(const struct migration_list *all)
{
    for (uint32_t i = 0; i < all->count; i++)
        if (!all->list[i].constant)
            transfer_copy(all->list[i].new_at, all->list[i].prepared,
                          all->list[i].new_len);
}

static inline void migrations_store(struct migration_list *all)
{
    __atomic_store_n(&all->stage, MIGRATION_STORING, __ATOMIC_SEQ_CST);
    migrations_store_each(all);
    if (all->beside)
        migrations_store_each(all->beside);
    elements_store(all->elements, false);
    __atomic_store_n(&all->stage, MIGRATION_STORED, __ATOMIC_SEQ_CST);
}

/* The old form again, with what the new code has written since. If the commit died between its
 * stores, the old bytes as they were. What lies beside has an old form that nobody has touched: the new one is
 * stored once more, so that who waits for a word of it in new text is let go. */
static inline void migrations_take_back(struct migration_list *all)
{
    uint32_t stage = __atomic_load_n(&all->stage, __ATOMIC_ACQUIRE);
    for (uint32_t i = 0; stage == MIGRATION_STORED && i < all->count; i++) {
        const struct migration *m = &all->list[i];
        if (m->constant || moves_turned(&m->reverse))
            continue;
        transfer_copy(m->back, m->saved, m->old_len);
        struct transfer t = {all, m, &m->reverse, m->new_at, m->back, true, m->prepared};
        if (!moves_turned(&m->forward))
            (void)transfer_run(&t);
    }
    for (uint32_t i = 0; stage != MIGRATION_PLANNED && i < all->count; i++) {
        const struct migration *m = &all->list[i];
        if (!m->constant)
            transfer_copy(m->old_at, stage == MIGRATION_STORED ? m->back : m->saved,
                          m->old_len);
    }
    if (stage != MIGRATION_PLANNED && all->beside)
        migrations_store_each(all->beside);
    if (stage != MIGRATION_PLANNED)
        elements_store(all->elements, stage != MIGRATION_STORED);
    __atomic_store_n(&all->stage, MIGRATION_PLANNED, __ATOMIC_SEQ_CST);
}

#endif
