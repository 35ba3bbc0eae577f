/* What of the heap is in use, for who takes nothing on trust that a walk names.
 * SPDX-License-Identifier: MIT
 */
#ifndef NEURATH_CORE_EVOLVE_RUNS_H
#define NEURATH_CORE_EVOLVE_RUNS_H

#include <core/plan/migration.h>
#include <mm/heap/heap.h>

struct runs {
    struct heap_run *list; /* sorted by address */
    uint64_t count;
    uint64_t room;
};

/* Lists all of the heap. False: no memory. End with runs_forget(), whatever it gave. */
NODISCARD bool runs_list(struct runs *runs);
void runs_forget(struct runs *runs);
/* Gives the most bytes that runs_list() takes, if FRAMES are all there are. */
uint64_t runs_most_bytes(uint64_t frames);
/* Says whether each element of SET that elements_match() has found is an object in use that is long enough, and each such
 * place of the heap lies in one. */
bool runs_hold(const struct element_set *set);

#endif
