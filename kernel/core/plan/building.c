/* What every step of building a field map does: it notes, refuses, or adds a move that lies within both objects.
 * SPDX-License-Identifier: MIT
 */
#include <core/plan/building.h>

#include <core/plan/grow.h>

#include <stdio.h>
#include <string.h>

void building_note(struct building *b, const char *what, const char *name,
                   const char *more)
{
    size_t used = strlen(b->map->notes);
    size_t room = sizeof b->map->notes - used;
    b->map->identical = false;
    int len = snprintf(b->map->notes + used, room, "%s%s%s%s%s", used ? "; " : "", what,
                       name[0] ? " " : "", name, more);
    if (len < 0 || (size_t)len >= room)
        memcpy(b->map->notes + sizeof b->map->notes - 4, "...", 4);
}

enum status building_cannot(struct building *b, const char *name, const char *why)
{
    snprintf(b->map->why, sizeof b->map->why, "%s %s", name[0] ? name : "it", why);
    return STATUS_DENIED;
}

static bool inside(uint64_t bit, uint64_t bits, uint64_t stride, uint32_t count,
                   uint64_t len)
{
    uint64_t end = len * 8;
    return len <= UINT32_MAX && count && bits <= end && bit <= end - bits &&
           (count == 1 || stride <= (end - bits - bit) / (count - 1));
}

enum status building_add(struct building *b, const struct field_move *move)
{
    struct move_list *l = &b->map->list;
    bool bytes = move->kind != MOVE_NUMBER && move->kind != MOVE_NAME &&
                 move->kind != MOVE_FUNCTION;
    bool moves = move->kind != MOVE_UNUSED;
    if (!inside(move->from_bit, move->from_bits, move->from_stride, move->count,
                b->from_len) ||
        (moves &&
         !inside(move->to_bit, move->to_bits, move->to_stride, move->count, b->to_len)))
        return building_cannot(b, move->name, "lies outside its object");
    if (!bytes && (!move->from_bits || !move->to_bits || move->from_bits > 64 ||
                   move->to_bits > 64))
        return building_cannot(b, move->name, "has a width that makes no sense");
    if (bytes && ((move->from_bit | move->to_bit | move->from_bits | move->from_stride |
                   move->to_stride) &
                  7))
        return building_cannot(b, move->name, "is no whole number of bytes");
    if (l->count >= FIELDMAP_MOVES_MAX)
        return building_cannot(b, move->name, "has too many fields to be followed");
    if (!grow(struct field_move, &l->moves, l->count, &l->room))
        return STATUS_FULL;
    if (moves && (move->from_bit != move->to_bit || move->from_stride != move->to_stride))
        b->map->identical = false;
    l->moves[l->count++] = *move;
    return STATUS_OK;
}

struct field_move building_move(const struct building *b, const struct pair *p,
                                enum move_kind kind, uint64_t from_bits, uint64_t to_bits)
{
    return (struct field_move){.kind = kind,
                               .from_bit = p->from_bit,
                               .to_bit = p->to_bit,
                               .from_bits = p->from_bits ? p->from_bits : from_bits,
                               .to_bits = p->to_bits ? p->to_bits : to_bits,
                               .count = p->count,
                               .from_stride = p->from_stride,
                               .to_stride = p->to_stride,
                               .lenient = b->lenient,
                               .name = p->name};
}
