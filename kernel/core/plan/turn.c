/* Objects whose meaning changes: their owner's edges make the other form.
 * SPDX-License-Identifier: MIT
 */
#include <core/plan/turn.h>

#include <core/commit/transfer.h>
#include <core/plan/steps.h>
#include <mm/heap/heap.h>
#include <string.h>

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
    for (int form = 0; t && form < FORMS; form++)
        steps_fini(&t->way[form]);
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

uint64_t turns_scratch(const struct migration_list *all)
{
    uint64_t len = 0;
    for (uint32_t i = 0; i < all->count; i++) {
        struct turn *t = turn_of(&all->list[i]);
        for (int form = 0; t && form < FORMS; form++)
            len = max_u64(len, steps_scratch(&t->way[form]));
    }
    return len;
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
                        uint8_t *scratch)
{
    struct turn *own = turn_of(m);
    uint8_t *to = form == FORM_OLD ? m->prepared : m->back;
    uint64_t to_len = form == FORM_OLD ? m->new_len : m->old_len;
    memcpy(to, form == FORM_OLD ? own->image : m->saved, to_len);
    return steps_run(&own->way[form], all, form == FORM_NEW,
                     form == FORM_OLD ? m->saved : own->seen, to, scratch);
}

const char *turn_run(struct migration_list *all, struct migration *m, bool backwards,
                     uint8_t *scratch)
{
    if (!backwards)
        return turn(all, m, FORM_OLD, scratch);
    bool untouched = transfer_equal(m->old_image, m->prepared, m->new_len) &&
                     !has_moving_pointer(all, m);
    if (!turn_of(m)->way[FORM_NEW].count)
        return NULL;
    note_back(m, true);
    if (!untouched)
        return turn(all, m, FORM_NEW, scratch);
    memcpy(m->back, m->saved, m->old_len);
    return NULL;
}

void turn_rehearse(struct migration_list *all, struct migration *m, uint8_t *scratch)
{
    if (!turn_of(m)->way[FORM_NEW].count)
        return;
    memcpy(m->old_image, m->prepared, m->new_len);
    (void)turn(all, m, FORM_NEW, scratch);
}
