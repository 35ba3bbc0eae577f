/* Runs what cells say of themselves: checks (EVOLVE_CHECK, lib/base/evolve.h) that tell a wrong result from a right one.
 * SPDX-License-Identifier: MIT
 *
 * Judged are the cells of the swap by their own checks, and by those of every cell that calls into them: the author of a
 * mistake may have made it in his check too, but others' checks are as they were. Listed by the swap task, run in the
 * walker's (hooks.h).
 */
#ifndef NEURATH_CORE_EVOLVE_CHECKS_H
#define NEURATH_CORE_EVOLVE_CHECKS_H

#include <core/evolve/private.h>

/* Lists the checks that concern A, and tells which ones it has taken away. */
void checks_list(struct attempt *a);
/* From now on they are run once more, from the first. */
void checks_again(void);
/* Says whether there is one that has not run. */
bool checks_left(void);
/* Runs the next one, and gives whether all is right. After checks_left(). */
bool checks_run_next(void);
/* Forgets them: what is left of their versions' addresses would look like references to whoever comes to lie there. */
void checks_end(void);
/* Says which check ran last and what is wrong; HOW of one that said nothing itself. */
void checks_reason(const char *how, struct refusal *out);

#endif
