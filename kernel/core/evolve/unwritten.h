/* Elements that nobody has written to since they were compared: under the park only their pages are looked at.
 * SPDX-License-Identifier: MIT
 *
 * The park is to take as long for many elements as for few. So they are compared before it, while all tasks stand; then
 * only an interrupt handler could still change one, and the processor notes in the page tables which pages are written to
 * (paging.h). commit/transfer.h compares again what lies in those.
 * It forgets what was noted before, so nobody else may rely on that any more (search.h): to be called when the gate is
 * sealed, when the search is over.
 */
#ifndef NEURATH_CORE_EVOLVE_UNWRITTEN_H
#define NEURATH_CORE_EVOLVE_UNWRITTEN_H

#include <core/plan/migration.h>

/* Compares the elements of SET (NULL accepted) and watches their pages from now on. Without memory, or when something has
 * changed already, nothing is watched, and the park compares all. Task context, no lock held. */
void unwritten_begin(struct element_set *set);

#endif
