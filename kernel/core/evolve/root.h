/* Says from which static an object of the heap can be reached, so that whoever reads of it knows whose it is.
 * SPDX-License-Identifier: MIT
 *
 * The heap has no types, and an address says nothing to the author of a commit. Goes over all memory, a few times: only for what
 * is told of a swap that is refused, while tasks stand. The swap task is the only user.
 */
#ifndef NEURATH_CORE_EVOLVE_ROOT_H
#define NEURATH_CORE_EVOLVE_ROOT_H

#include <core/evolve/search.h>

struct root {
    const struct home *home; /* lent; that leads there. NULL: no static does, as far as was looked */
    uint32_t between; /* objects that lie between the two */
};

/* Looks from OBJECT, which is in use, back to a home of NS. What lies in objects that SKIP names does not count. Without
 * memory it finds nothing. */
void root_find(const struct namespace *ns, uint64_t object, search_skip_fn skip,
               struct root *out);

#endif
