/* What the files share that take elements of the heap from one form to the other.
 * SPDX-License-Identifier: MIT
 */
#ifndef NEURATH_CORE_PLAN_TAKING_H
#define NEURATH_CORE_PLAN_TAKING_H

#include <core/commit/transfer.h>
#include <core/plan/elements.h>
#include <core/plan/private.h>

struct taking {
    const struct elements_request *in;
    struct element_set *set;
    struct refusal *why;
};

/* Elements, places and slots begin with the address that they are sorted by. */
int taking_by_address(const void *a, const void *b);
/* Gives the live object of the heap that VA lies in. */
bool taking_object_at(const struct elements_request *in, uint64_t va,
                      struct address_range *out);
/* Refuses what a walk of TYPE has named: WHAT says what is wrong with AT. Always gives STATUS_DENIED. */
enum status taking_refuse(struct refusal *out_why, const struct moving_type *type,
                          uint64_t at, const char *what);
/* Makes E what NAME says, a type's element in the form of T's request; a tail's length is the caller's to say. */
void taking_add(struct taking *t, struct element *e, const struct moving_type *type,
                const struct evolve_name *name);
/* Says whether E is as many, with a tail or without, as NAME says. */
bool taking_same(const struct element *e, const struct evolve_name *name);
/* Says whether VA lies in the tail of an element of SET. */
bool taking_in_tail(const struct element_set *set, uint64_t va);
/* Takes the lists of SET's elements and slots. */
bool taking_lists(struct element_set *set, uint64_t room);
/* Empties what ELEMENT is to become, and fills it from what it holds now. Pointers follow to the elements of T's set. */
enum status taking_transfer(struct taking *t, struct element *e);

/* Lists where pointers to elements may stand, outside of them: what walks and marks name. The set's elements are listed. */
enum status places_list(struct taking *t);
/* Sorts them, without doubles, and says which of them follow. */
void places_sort(struct taking *t);
/* Lends the word at VA, if it lies in data of a cell. */
uint64_t *places_static(const struct elements_request *in, uint64_t va);
/* Lists those that lead to an element now, and where they will lead. */
enum status places_read(struct taking *t);

#endif
