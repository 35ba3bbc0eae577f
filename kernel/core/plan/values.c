/* Lists the moves of values that change: numbers, enumerators, addresses of functions.
 * SPDX-License-Identifier: MIT
 */
#include <core/plan/values.h>

#include <core/plan/callbacks.h>
#include <core/plan/grow.h>

#include <stdio.h>
#include <string.h>

enum status value_number(struct building *b, const struct pair *p,
                         const struct type *from, const struct type *to)
{
    char more[48];
    struct field_move move = building_move(b, p, MOVE_NUMBER, from->len * 8, to->len * 8);
    move.from_signed = from->is_signed;
    move.to_signed = to->is_signed;
    move.to_bool = to->is_bool;
    snprintf(more, sizeof more, " %lu to %lu bits%s", (unsigned long)move.from_bits,
             (unsigned long)move.to_bits,
             move.to_signed == move.from_signed ? ""
             : move.to_signed                   ? ", now signed"
                                                : ", now unsigned");
    if (from->kind != to->kind)
        building_note(b,
                      from->kind == TYPE_ENUM ? "makes a number of" : "makes an enum of",
                      p->name, "");
    else if (strcmp(from->text, to->text) != 0 || move.from_bits != move.to_bits)
        building_note(b, move.to_bits < move.from_bits ? "narrows" : "widens", p->name,
                      more);
    return building_add(b, &move);
}

static enum status add_renaming(struct building *b, struct field_move *move,
                                uint64_t from, uint64_t to)
{
    struct move_list *l = &b->map->list;
    if (!grow(struct renaming, &l->renamings, l->renaming_count, &l->renaming_room))
        return STATUS_FULL;
    l->renamings[l->renaming_count++] = (struct renaming){from, to};
    move->renaming_count++;
    return STATUS_OK;
}

enum status value_enum(struct building *b, const struct pair *p, const struct type *from,
                       const struct type *to)
{
    struct field_move move = building_move(b, p, MOVE_NAME, from->len * 8, to->len * 8);
    uint64_t mask = move.from_bits >= 64 ? UINT64_MAX : (1ull << move.from_bits) - 1;
    bool same = move.from_bits == move.to_bits;
    bool lost = false;
    move.first_renaming = b->map->list.renaming_count;
    for (uint32_t i = 0; i < from->entry.field_count; i++) {
        struct cell_field was;
        struct cell_field is;
        cellinfo_field(from->info, from->entry.first_field + i, &was);
        if (!type_field(to, was.name, &is)) {
            lost = true;
            continue;
        }
        same = same && was.type_hash == is.type_hash;
        enum status status = add_renaming(b, &move, was.type_hash & mask, is.type_hash);
        if (status != STATUS_OK)
            return status;
    }
    if (same && !lost) { /* flags that are or'ed together stay whole */
        move.kind = MOVE_NUMBER;
        move.lenient = true;
    } else {
        building_note(b, "renumbers", p->name,
                      lost ? " (some values have no name any more)" : "");
    }
    return building_add(b, &move);
}

enum status value_callback(struct building *b, const struct pair *p,
                           const struct type *from, const struct type *to)
{
    int other = b->form == FORM_OLD ? FORM_NEW : FORM_OLD;
    struct field_move move =
        building_move(b, p, MOVE_FUNCTION, from->len * 8, to->len * 8);
    move.first_renaming = b->map->list.renaming_count;
    enum status status = add_renaming(b, &move, 0, 0);
    for (uint32_t i = 0; i < b->callbacks->count && status == STATUS_OK; i++) {
        const struct callback *c = &b->callbacks->list[i];
        if (strcmp(c->type[b->form], from->text + 1) == 0 &&
            strcmp(c->type[other], to->text + 1) == 0)
            status = add_renaming(b, &move, c->stub[b->form], c->stub[other]);
    }
    building_note(b, "leads", p->name, " on to the new form of each function");
    return status == STATUS_OK ? building_add(b, &move) : status;
}
