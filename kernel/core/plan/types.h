/* Types as `.cell` writes them: text that is taken apart step by step.
 * SPDX-License-Identifier: MIT
 *
 * The texts are those of celltool's FORMAT.md ("Type text"): `int32`, `*struct x`, `[4]enum y`.
 * Nothing is trusted: a text that makes no sense is of kind TYPE_OTHER.
 */
#ifndef NEURATH_CORE_PLAN_TYPES_H
#define NEURATH_CORE_PLAN_TYPES_H

#include <core/cellinfo/cellinfo.h>

enum type_kind {
    TYPE_OTHER,
    TYPE_NUMBER,
    TYPE_POINTER,
    TYPE_ARRAY,
    TYPE_STRUCT,
    TYPE_ENUM
};

enum { FAMILY_MAX = 16 };

/* Structs of which one became the other: a pointer to one and to another are pointers to the same thing. */
struct type_family {
    const char *tags[FAMILY_MAX];
    uint32_t count;
};

struct fieldmap_parts;
struct callback_list;

/* One type of one cell. */
struct type {
    const struct cellinfo *info;
    const char *text;
    enum type_kind kind;
    uint64_t len;   /* bytes; 0: unknown, or nothing */
    bool is_signed; /* of a number or enumeration */
    bool is_bool;
    uint64_t count;                   /* of an array */
    const char *element;              /* of an array: its type's text */
    struct cell_type entry;           /* of a struct, union or enumeration */
    const struct type_family *family; /* for fieldmap_build(); NULL: none */
    struct fieldmap_parts *parts;     /* likewise */
    const struct callback_list *callbacks; /* likewise; NULL: addresses of functions do not follow */
    int form;   /* likewise: FORM_OLD, or FORM_NEW on the way back (plan.h) */
    bool edged; /* likewise: a function of the owner does what names do not say */
};

/* Takes TEXT apart. Gives kind TYPE_OTHER for what cannot be followed (floats, functions,
 * incomplete types). */
void type_read(const struct cellinfo *info, const char *text, struct type *out);
/* Says whether A and B, of different cells, lie in memory in the same way and mean the same, as
 * far as `.cell` says. */
bool type_equal(const struct type *a, const struct type *b);
/* Gives the place of TAG among the tags of FAMILY, or their count. */
uint32_t type_family_place(const struct type_family *family, const char *tag);
/* Says whether the texts A and B name the same pointers but for members of FAMILY (NULL accepted). */
bool type_akin(const struct type_family *family, const char *a, const char *b);
/* Finds the field (or enumerator) NAME of T. */
bool type_field(const struct type *t, const char *name, struct cell_field *out);
/* Says whether some object or field of INFO has a type with a pointer to the type NAME in it. */
bool type_is_pointed_to(const struct cellinfo *info, const char *name);

#endif
