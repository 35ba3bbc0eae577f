/* Names who holds a pointer for which a swap is refused, and to what.
 * SPDX-License-Identifier: MIT
 */
#ifndef NEURATH_CORE_EVOLVE_HELD_H
#define NEURATH_CORE_EVOLVE_HELD_H

#include <core/evolve/private.h>
#include <core/evolve/search.h>

/* What a pointer that must not stay leads to: one of them, or nothing. */
struct lead {
    const struct stub *stub;
    const struct migration *object; /* only what moves in it counts */
    struct element *element;
};

struct held {
    struct lead lead;
    struct search_place place;
    char task[TASK_NAME_MAX]; /* on whose stack it lies, or ""; then PLACE does not count */
};

/* Gives the refusal of PLAN because of H. What SKIP names does not count as a holder of the holder. */
void held_name(const struct held *h, const struct plan *plan, search_skip_fn skip,
               struct refusal *out);

#endif
