/* Lists the moves that bring an object of one type into another, field by field, by name.
 * SPDX-License-Identifier: MIT
 *
 * Fields of structs are matched by name, at any depth; elements of arrays by index; enumerators
 * by name; integers keep their value, and so does what is an enumeration at one end alone. What
 * cannot be followed is refused by name: a union that changed, a pointer to another type, a float
 * of another size; a field that goes, while a struct beside it gets one of that name, or the other
 * way round.
 */
#ifndef NEURATH_CORE_PLAN_FIELDMAP_H
#define NEURATH_CORE_PLAN_FIELDMAP_H

#include <core/plan/migration.h>
#include <core/plan/types.h>

enum { FIELDMAP_MOVES_MAX = 16384 };

struct fieldmap {
    struct move_list list;
    bool identical; /* every field stays where it is and means the same; enumerators may be new */
    char notes[MIGRATION_TEXT_MAX]; /* what changes, for people; cut when long */
    char why[MIGRATION_TEXT_MAX];   /* STATUS_DENIED: what cannot be done */
    const char *lacks; /* the first field of TO that FROM does not have, lent by `.cell`; or NULL */
};

/* A struct that goes a way of its own: its fields are not listed. */
struct fieldmap_part {
    const char *from; /* types */
    const char *to;
    uint64_t from_bit;
    uint64_t to_bit;
    uint64_t from_stride;
    uint64_t to_stride;
    uint32_t count;
};

/* Asked by fieldmap_build() as FROM->parts; LIST is the caller's to free. */
struct fieldmap_parts {
    bool (*is_part)(const struct fieldmap_parts *parts, const char *from, const char *to);
    /* Of equal types: says whether there may be a part in it. */
    bool (*holds)(const struct fieldmap_parts *parts, const char *text);
    bool not_whole; /* FROM and TO themselves are none */
    bool keeps_unions; /* what lies in a union goes over by name; else it is refused: which member is meant? */
    struct fieldmap_part *list;
    uint32_t count;
    uint32_t room;
};

/* Lists how FROM_LEN bytes of the type FROM become TO_LEN bytes of TO. LENIENT: for the way
 * back, where nothing may fail: values saturate, what has no place is left out. Gives *out, to
 * be ended with fieldmap_fini() in any case.
 * STATUS_DENIED: out->why says what cannot be followed; STATUS_FULL: no memory. */
NODISCARD enum status fieldmap_build(const struct type *from, uint64_t from_len,
                                     const struct type *to, uint64_t to_len, bool lenient,
                                     struct fieldmap *out);
void fieldmap_fini(struct fieldmap *map);
void move_list_fini(struct move_list *list);

#endif
