/* A conservative scan for addresses in retired versions.
 * SPDX-License-Identifier: MIT
 *
 * Candidates are the retired versions that are not pinned, those of lineages that seem to have ended, and those of a list that
 * has left the namespace (limbo; of them the descriptions are looked for too). A find sets hold and
 * holder of the version. Between scan_init() and scan_fini() no version comes or goes.
 * Each call looks at a bounded amount. The swap task is the only user.
 */
#ifndef NEURATH_CORE_EVOLVE_SCAN_H
#define NEURATH_CORE_EVOLVE_SCAN_H

#include <core/evolve/private.h>

/* Clears hold of all candidates and begins; LIMBO is the head of that list. False: no memory. End with scan_fini(). */
bool scan_init(struct version *const *limbo);
/* Looks at some tasks that have no CPU just now. True: all have been looked at. */
bool scan_tasks(void);
/* Lists the objects of the heap and the homes. False: no memory. */
bool scan_list_memory(void);
/* Looks at the next part of them. True: there are no more. */
bool scan_memory(void);
void scan_fini(void);

static inline bool scan_is_candidate(const struct version *v)
{
    return (v->state == VERSION_RETIRED && !v->pinned) || v->ending;
}

#endif
