/* A field map that is being built, and one pair of places in it: shared by what lists its moves.
 * SPDX-License-Identifier: MIT
 *
 * fieldmap.c takes pairs apart until they hold values, values.c says what becomes of a value. All offsets and lengths of pairs
 * are in bits; those of the two objects are in bytes. Only the planner, which works on one swap at a time, has such a map.
 */
#ifndef NEURATH_CORE_PLAN_BUILDING_H
#define NEURATH_CORE_PLAN_BUILDING_H

#include <core/plan/fieldmap.h>

/* A field of the old form and the one of the new form that it goes to. */
struct pair {
    const char *from;
    const char *to;
    const char *name;
    uint64_t from_bit;
    uint64_t to_bit;
    uint64_t from_bits; /* of a bit field; 0: what the type takes */
    uint64_t to_bits;
    uint64_t from_stride;
    uint64_t to_stride;
    uint32_t count;
    bool by_name; /* it holds no parts, or they go over with it */
};

/* What fieldmap_build() was asked for, and how far it is. All of it is lent by its caller, but for the pairs. */
struct building {
    const struct cellinfo *from;
    const struct cellinfo *to;
    uint64_t from_len;
    uint64_t to_len;
    bool lenient;
    const struct type_family *family; /* this and the next four as FROM had them (types.h) */
    struct fieldmap_parts *parts;
    bool edged;
    const struct callback_list *callbacks;
    int form;
    struct pair *waiting; /* to be taken yet, the last one first */
    uint32_t waiting_count;
    uint32_t waiting_room;
    uint32_t taken; /* pairs, with the one that is being taken */
    struct fieldmap *map;
};

/* Adds "WHAT NAME" and MORE to the map's notes, and with that the map is no longer identical. NAME and MORE may be empty. Notes
 * that do not fit are cut, and end in "...". */
void building_note(struct building *b, const char *what, const char *name,
                   const char *more);
/* Writes into the map that NAME (empty: the whole) cannot be followed, and WHY. Gives STATUS_DENIED. */
NODISCARD enum status building_cannot(struct building *b, const char *name,
                                      const char *why);

/* Gives a move of KIND over the places of P, of FROM_BITS and TO_BITS, unless P is a bit field and has its own. P's name is
 * lent, as P has it. */
struct field_move building_move(const struct building *b, const struct pair *p,
                                enum move_kind kind, uint64_t from_bits, uint64_t to_bits);
/* Copies MOVE to the end of the map's list. Offsets come from the objects' `.cell` and are not trusted: nothing that was added
 * lies outside of its object.
 * STATUS_DENIED: it lies outside, has a width that no value has, or there are too many; the map says which. STATUS_FULL: no
 * memory. The list is as before then. */
NODISCARD enum status building_add(struct building *b, const struct field_move *move);

#endif
