/* Structs that turn: what their objects hold goes over edges of their source, wherever they lie.
 * SPDX-License-Identifier: MIT
 *
 * Of a field that was in seconds and is in milliseconds `.cell` says the same. Its source says it (EVOLVE_STATE), of a type or
 * of an object; or a type changed its form, and has edges from the old one (EVOLVE_WAS, EVOLVE_EDGE). Whatever holds such
 * a struct by value, in a field or an array, at any depth, has to turn it there as well (ways.h).
 */
#ifndef NEURATH_CORE_PLAN_MEANINGS_H
#define NEURATH_CORE_PLAN_MEANINGS_H

#include <core/plan/private.h>
#include <core/plan/types.h>

/* A struct that both versions of a cell have, and that turns from one to the other. */
struct part_way {
    const char *tag;
    const struct version *keeper; /* whose edges are gone; NULL: nobody says how */
    bool twins; /* two files of a version declare such a struct: marks and edges do not say which they mean */
    struct type_family family; /* the forms that the keeper knows; the first is its own */
    const char *past;          /* which of them the other version has */
    bool leads[FORMS];         /* from that version's form to the other one */
};

struct meanings {
    const struct plan_cell *cell;
    bool any; /* there are marks of states or of past forms */
    struct part_way *ways;
    uint32_t way_count;
    /* Of each type: 1 + the number of the way of what it is, or holds by value; 0: nothing turns. */
    uint32_t *parts[FORMS];
    uint32_t *past_parts[FORMS]; /* the same, where past forms that a source declares count too: no live object has them */
};

/* Gives *out for CELL, to be ended with meanings_fini() in any case. STATUS_FULL. */
NODISCARD enum status meanings_init(struct meanings *out, const struct plan_cell *cell);
void meanings_fini(struct meanings *m);
/* Lends the way of what TEXT, a type of the version of that FORM, is or holds by value; or NULL. One that nobody says comes
 * before others. */
const struct part_way *meanings_part(const struct meanings *m, int form, const char *text);
/* Says whether TEXT, a type that the source of that version declares, is or holds a struct that turns, or what one was. */
bool meanings_holds(const struct meanings *m, int form, const char *text);
/* Lends the way of the struct TAG itself, or NULL. */
const struct part_way *meanings_way(const struct meanings *m, const char *tag);

#endif
