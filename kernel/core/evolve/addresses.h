/* A sorted list of addresses on the heap.
 * SPDX-License-Identifier: MIT
 *
 * Who looks for addresses (search.h, scan.h) asks such lists for each word that looks like one. The swap task is the only user.
 */
#ifndef NEURATH_CORE_EVOLVE_ADDRESSES_H
#define NEURATH_CORE_EVOLVE_ADDRESSES_H

#include <lib/base/types.h>

struct addresses {
    uint64_t *list;
    uint32_t count;
    uint32_t room;
};

/* False: no memory for ROOM addresses. End with addresses_fini(). */
NODISCARD bool addresses_init(struct addresses *a, uint32_t room);
/* Leaves nothing behind that somebody could take for a reference. A may be zero. */
void addresses_fini(struct addresses *a);
/* There must be room. */
void addresses_add(struct addresses *a, const void *address);
/* To be called after the last addition, before the first question. */
void addresses_sort(struct addresses *a);
/* How often ADDRESS was added. */
uint32_t addresses_count(const struct addresses *a, uint64_t address);

#endif
