/* A conservative scan for addresses in retired versions.
 * SPDX-License-Identifier: MIT
 *
 * What is looked for are addresses in text, in constants, in stubs that lead there, and in homes that go with the versions. What
 * lies in such a home and leads to a version that has it is no reference: if one of these versions is kept, so must be the
 * others (retire.c).
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

/* Says whether H goes when the versions go that are looked for; before scan_fini(). */
bool scan_home_goes(const struct home *h);
/* Says whether an object of V lies in the home at VA. */
bool scan_has_home(const struct version *v, uint64_t va);

#endif
