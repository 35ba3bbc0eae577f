/* Objects whose meaning changes: their owner's edges make the other form.
 * SPDX-License-Identifier: MIT
 *
 * Pointers are led to what moves first, once, whatever fields they lie in; from edge to edge words then go as they are.
 * A number that does not fit by name is cut, and is an error unless the edge stores another one there.
 */
#include <core/plan/turn.h>

#include <core/commit/transfer.h>
#include <core/plan/fieldmap.h>
#include <mm/heap/heap.h>
#include <string.h>

typedef void (*edge_fn)(const void *was, void *is);

static struct migration_list nothing_moves;

struct turn *turn_of(const struct migration *m)
{
    return moves_turned(&m->forward) && m->old_image
               ? container_of(m->old_image, struct turn, seen[0])
               : NULL;
}

/* Puts a move of KIND before those of LIST, which says nothing of places. */
static bool put_first(struct move_list *list, enum move_kind kind)
{
    struct field_move *moves = heap_new_array(struct field_move, list->count + 1);
    if (!moves)
        return false;
    moves[0] = (struct field_move){.kind = (uint8_t)kind, .name = ""};
    if (list->count)
        memcpy(moves + 1, list->moves, list->count * sizeof *moves);
    heap_free(list->moves);
    list->moves = moves;
    list->room = ++list->count;
    return true;
}

enum status turn_init(struct migration *m)
{
    uint64_t len = align_up(m->new_len + 8, 16);
    if (!put_first(&m->forward, MOVE_TURNED) || !put_first(&m->reverse, MOVE_PLACE))
        return STATUS_FULL;
    struct turn *t = heap_new_with(struct turn, 2 * len);
    if (!t)
        return STATUS_FULL;
    t->image = t->seen + len;
    m->old_image = t->seen;
    return STATUS_OK;
}

void turn_fini(struct migration *m)
{
    struct turn *t = turn_of(m);
    for (int form = 0; t && form < FORMS; form++) {
        for (uint32_t i = 0; i < t->step_count[form]; i++)
            move_list_fini(&t->steps[form][i].map);
        heap_free(t->steps[form]);
    }
    if (t) {
        m->old_image = NULL;
        heap_free(t);
    }
}

static void note_back(struct migration *m, bool turned)
{
    m->reverse.moves[0].kind = turned ? MOVE_TURNED : MOVE_PLACE;
}

void turns_look(struct migration_list *all, bool backwards)
{
    for (uint32_t i = 0; i < all->count; i++) {
        struct migration *m = &all->list[i];
        struct turn *t = turn_of(m);
        if (!t)
            continue;
        if (backwards)
            memcpy(t->seen, m->new_at, m->new_len);
        else
            memcpy(m->saved, m->old_at, m->old_len);
    }
}

void turns_forget(struct migration_list *all)
{
    for (uint32_t i = 0; i < all->count; i++)
        if (turn_of(&all->list[i]))
            note_back(&all->list[i], false);
}

static uint64_t longest(const struct migration *m, const struct turn *t)
{
    uint64_t len = max_u64(m->old_len, m->new_len);
    for (int form = 0; form < FORMS; form++)
        for (uint32_t i = 0; i < t->step_count[form]; i++)
            len = max_u64(len, t->steps[form][i].to_len);
    return align_up(len + 8, 16);
}

/* Two forms, and zeros. */
uint64_t turns_scratch(const struct migration_list *all)
{
    uint64_t len = 0;
    for (uint32_t i = 0; i < all->count; i++)
        if (turn_of(&all->list[i]))
            len = max_u64(len, longest(&all->list[i], turn_of(&all->list[i])));
    return 3 * len;
}

/* Moves what goes by name from T->from to T->to. Gives a field that has no place whatever the edge does, or NULL. */
static const char *move_names(struct transfer *t)
{
    for (uint32_t i = 0; i < t->list->count; i++) {
        const struct field_move *k = &t->list->moves[i];
        struct field_move cut = *k;
        cut.lenient = true;
        for (uint32_t n = 0; n < k->count && k->kind != MOVE_PLACE; n++) {
            uint64_t from = k->from_bit + n * k->from_stride;
            uint64_t to = k->to_bit + n * k->to_stride;
            if (!transfer_one(t, k, from, to) &&
                (k->kind != MOVE_NUMBER || !transfer_one(t, &cut, from, to)))
                return k->name;
        }
    }
    return NULL;
}

/* Gives a number that was cut, and that the edge has left as it was, or NULL. */
static const char *find_cut(const struct transfer *t)
{
    for (uint32_t i = 0; i < t->list->count; i++) {
        const struct field_move *k = &t->list->moves[i];
        for (uint32_t n = 0; n < k->count && k->kind == MOVE_NUMBER && !k->lenient; n++) {
            uint64_t from = k->from_bit + n * k->from_stride;
            uint64_t to = k->to_bit + n * k->to_stride;
            uint64_t value = transfer_get(t->from, from, k->from_bits);
            if (!transfer_fit(k, &value) && transfer_get(t->to, to, k->to_bits) ==
                                                (value & transfer_mask(k->to_bits)))
                return k->name;
        }
    }
    return NULL;
}

/* Brings T->from over the edges of FORM to TO, which holds what is not brought. */
static const char *go(const struct turn *turn, int form, struct transfer *t, uint8_t *to,
                      uint8_t *scratch, uint64_t len)
{
    for (uint32_t i = 0; i < turn->step_count[form]; i++) {
        const struct plan_step *step = &turn->steps[form][i];
        bool last = i + 1 == turn->step_count[form];
        t->list = &step->map;
        t->to = last ? to : scratch + (i + 1) % 2 * len;
        if (!last)
            memset(t->to, 0, step->to_len);
        const char *unfit = move_names(t);
        if (unfit)
            return unfit;
        ((edge_fn)step->edge)(t->from, t->to);
        unfit = find_cut(t);
        if (unfit)
            return unfit;
        t->from = t->to;
    }
    return NULL;
}

/* Says whether a word of M's new form, as seen, leads to an element that moves as well: then it cannot be what it was. */
static bool has_moving_pointer(const struct migration_list *all, const struct migration *m)
{
    for (uint64_t at = 0; at + 8 <= m->new_len; at += 8)
        if (elements_find(all->elements,
                          ((const struct transfer_word *)(m->old_image + at))->value))
            return true;
    return false;
}

static const char *turn(struct migration_list *all, struct migration *m, int form,
                        uint8_t *scratch, uint64_t len)
{
    struct turn *own = turn_of(m);
    struct migration zeros = {.old_image = scratch + 2 * len};
    struct transfer lead = {.all = all,
                            .object = m,
                            .from = form == FORM_OLD ? m->saved : own->seen,
                            .to = scratch,
                            .backwards = form == FORM_NEW};
    struct transfer t = {.all = &nothing_moves,
                         .object = &zeros,
                         .from = scratch,
                         .backwards = form == FORM_NEW};
    uint8_t *to = form == FORM_OLD ? m->prepared : m->back;
    uint64_t to_len = form == FORM_OLD ? m->new_len : m->old_len;
    memset(zeros.old_image, 0, len);
    if (!transfer_bytes(&lead, 0, 0, form == FORM_OLD ? m->old_len : m->new_len))
        return "a pointer";
    memcpy(to, form == FORM_OLD ? own->image : m->saved, to_len);
    return go(own, form, &t, to, scratch, len);
}

const char *turn_run(struct migration_list *all, struct migration *m, bool backwards,
                     uint8_t *scratch, uint64_t scratch_len)
{
    uint64_t len = scratch_len / 3;
    if (!backwards)
        return turn(all, m, FORM_OLD, scratch, len);
    bool untouched = transfer_equal(m->old_image, m->prepared, m->new_len) &&
                     !has_moving_pointer(all, m);
    if (!turn_of(m)->step_count[FORM_NEW])
        return NULL;
    note_back(m, true);
    if (!untouched)
        return turn(all, m, FORM_NEW, scratch, len);
    memcpy(m->back, m->saved, m->old_len);
    return NULL;
}

void turn_rehearse(struct migration_list *all, struct migration *m, uint8_t *scratch,
                   uint64_t scratch_len)
{
    if (!turn_of(m)->step_count[FORM_NEW])
        return;
    memcpy(m->old_image, m->prepared, m->new_len);
    (void)turn(all, m, FORM_NEW, scratch, scratch_len / 3);
}
