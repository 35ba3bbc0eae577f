/* Lineages that drain: what they still serve, how they begin, and when they have ended.
 * SPDX-License-Identifier: MIT
 *
 * The swap task is the only user; lineage_in_use() may be called by others too. */
#ifndef NEURATH_CORE_EVOLVE_LINEAGE_H
#define NEURATH_CORE_EVOLVE_LINEAGE_H

#include <core/evolve/private.h>

/* Gives how many objects that V's lineage made are in use. *OUT_COUNTED (NULL accepted): whether any of its cells counts
 * them. */
uint32_t lineage_in_use(const struct version *v, bool *out_counted);
/* Notes in A's report, its account and the log what drains. */
void lineages_describe(struct attempt *a);
/* Calls the start hooks of the lineages that A brings, each cell after those that it uses; nobody else runs. What fails is
 * noted in A. */
void lineages_start(struct attempt *a);

/* Says whether some lineage drains. */
bool lineages_drain(void);
/* Says whether one seems to have ended: nothing of it is counted any more. */
bool lineages_seem_over(void);
/* Says whether one has nothing in use that it counts, and so will end with the next scan; before that a further one might be
 * refused. */
bool lineages_press(void);
/* A scan begins: it looks for those that seem to have ended, too. */
void lineages_mark(void);
/* A scan has ended: lineages of which it found no frame are stopped and retired. */
void lineages_end(void);

#endif
