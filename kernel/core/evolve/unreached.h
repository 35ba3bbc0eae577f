/* Finds out which objects nothing leads to, among those that the heap's watch has noted.
 * SPDX-License-Identifier: MIT
 *
 * Roots are all words of all frames that are in use, stacks among them, but for those of the noted objects themselves;
 * what is reached from an object that is reached, is too. An address into an object counts as one of it, also with marks in
 * its low bits. What a task holds in registers alone lies on its stack as soon as it stands.
 * Tasks go on meanwhile, so pointers that somebody moves about are missed: a chain whose head is changed all the time may be
 * as a whole, in one look after the other. Who wants to be sure looks while all tasks stand. An address that is kept in
 * another form only (physical, packed, of the end of an object) is not seen.
 * heap_taken.looks counts for how many looks, one after the other, nothing led to an object. A look is made in steps; the swap
 * task is the only user.
 * States: IDLE → LOOKING (unreached_begin) → IDLE (unreached_step: done; unreached_end).
 */
#ifndef NEURATH_CORE_EVOLVE_UNREACHED_H
#define NEURATH_CORE_EVOLVE_UNREACHED_H

#include <core/evolve/private.h>
#include <mm/heap/heap.h>

/* Begins a look at what is noted in WATCH, the heap's present one. False: there is nothing, or no memory. */
bool unreached_begin(const struct heap_watch *watch);
/* Looks at some 256 KiB more. True: all has been looked at, and looks are counted. */
bool unreached_step(void);
/* Ends a look, if one is under way. */
void unreached_end(void);

#endif
