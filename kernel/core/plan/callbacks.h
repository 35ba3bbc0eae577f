/* What the address of a function becomes when its type changes.
 * SPDX-License-Identifier: MIT
 *
 * A stub stands for one form of a function: who has its address goes on to call that form. When the type changes, the new
 * form has a stub of its own, and the old one goes on to lead to the old text. A field that holds such an address, and whose
 * own type changes in the same way, is led on from the one stub to the other: each function whose address it may hold is
 * listed with its types before and after. A value that is on no list has no place in the new form, and is refused like any
 * other; on the way back the field keeps what it held at the commit.
 */
#ifndef NEURATH_CORE_PLAN_CALLBACKS_H
#define NEURATH_CORE_PLAN_CALLBACKS_H

#include <core/plan/plan.h>

struct callback {
    const char *type[FORMS]; /* as `.cell` writes it: `fn(...) ...`; lent by the versions */
    uint64_t stub[FORMS];
};

struct callback_list {
    struct callback *list;
    uint32_t count;
    uint32_t room;
};

struct planning;

/* Lists the functions of PLANNING's set whose address was taken before and is taken after, and whose signature changes.
 * Their cells are coupled: who has the address where no type says so is named (evolve/holders.c). Ended by
 * callbacks_fini(). STATUS_FULL: no memory. */
NODISCARD enum status callbacks_init(struct planning *p);
void callbacks_fini(struct planning *p);

#endif
