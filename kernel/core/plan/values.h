/* Lists the moves of values that change: numbers, enumerators, addresses of functions.
 * SPDX-License-Identifier: MIT
 *
 * Each adds one move, for the pair P of a field map that is being built, and a note for people if something becomes of the
 * value. FROM and TO are P's types, which the caller has read, and which are of the kind that the function says.
 * STATUS_DENIED: the map says what cannot be followed (building.h); STATUS_FULL: no memory.
 */
#ifndef NEURATH_CORE_PLAN_VALUES_H
#define NEURATH_CORE_PLAN_VALUES_H

#include <core/plan/building.h>

/* Numbers, or a number and an enumeration: the value stays. */
NODISCARD enum status value_number(struct building *b, const struct pair *p,
                                   const struct type *from, const struct type *to);
/* Enumerations. Enumerators that kept their values are copied; else each goes to that of its name. */
NODISCARD enum status value_enum(struct building *b, const struct pair *p,
                                 const struct type *from, const struct type *to);
/* Pointers to functions whose type changes with the pointer's own; B has a list of callbacks. */
NODISCARD enum status value_callback(struct building *b, const struct pair *p,
                                     const struct type *from, const struct type *to);

#endif
