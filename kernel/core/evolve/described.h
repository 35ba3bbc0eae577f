/* Where a swap itself keeps addresses of what it looks for.
 * SPDX-License-Identifier: MIT
 *
 * Descriptions of versions, plans and migrations hold addresses of stubs, homes and elements; nobody calls or reads through
 * them, so they hold nothing back (holders.c).
 */
#ifndef NEURATH_CORE_EVOLVE_DESCRIBED_H
#define NEURATH_CORE_EVOLVE_DESCRIBED_H

#include <core/evolve/addresses.h>
#include <core/plan/plan.h>

/* Lists the objects of the heap that describe PLAN and the versions of its namespace, and the COUNT objects MORE (each may be
 * NULL): gives *out, sorted, to be ended with addresses_fini(). False: no memory. */
NODISCARD bool described_list(const struct plan *plan, const void *const *more,
                              uint32_t count, struct addresses *out);

#endif
