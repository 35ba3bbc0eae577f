/* Looks through homes and the heap for words that could be pointers, most of it before anybody has to stand.
 * SPDX-License-Identifier: MIT
 *
 * What is looked for are ranges of addresses. Every aligned word that lies in one is shown to the caller, who decides
 * what it means: nothing says of a word in memory whether it is a pointer. A word that lies in none costs four
 * instructions.
 *
 * While tasks run, search_ahead() goes over all memory once, and again over what was written to meanwhile: the processor
 * notes in the page tables which pages are (paging.h). Then, while tasks stand, search_homes() and search_heap() only go
 * over pages that were written to since they were looked at, that hold something that the caller wanted to see again, or
 * that the heap has taken since. All writes to homes go through their own addresses, all to the heap through the direct map, so
 * none is missed; what devices write is no pointer.
 *
 * Search invariants:
 *  1. a page of which paging_written() says nothing, of a run that was seen, held no word that the caller
 *     wanted to see when it was looked at, and nobody has written to it since;
 *  2. between search_begin() and search_end() no home comes, goes or moves, and no frame of the heap becomes text:
 *     so memory that was freed since it was listed can still be read;
 *  3. ranges that come after search_ahead() are looked for everywhere (WHOLE).
 * The swap task is the only user.
 */
#ifndef NEURATH_CORE_EVOLVE_SEARCH_H
#define NEURATH_CORE_EVOLVE_SEARCH_H

#include <core/namespace/namespace.h>

/* Where a word was found. */
struct search_place {
    uint64_t at;
    uint64_t object;         /* of the heap in which it lies; or 0 */
    const struct home *home; /* in which it lies; or NULL */
};

/* Shows WORD, which may lie in a range that is looked for. True: ahead, the page is to be looked at again; else the search is
 * over. */
typedef bool (*search_fn)(uint64_t word, const struct search_place *place);
/* Says whether nothing in OBJECT of the heap counts. */
typedef bool (*search_skip_fn)(uint64_t object);
/* Says whether the text that goes takes H with it. */
typedef bool (*search_leaves_fn)(const struct home *h);

/* Lists the homes of NS. False: no memory. End with search_end(), whatever it gave. */
NODISCARD bool search_begin(const struct namespace *ns, search_leaves_fn leaves);
void search_end(void);
/* The addresses BEGIN .. END - 1 are looked for. */
void search_for(uint64_t begin, uint64_t end);
/* More is looked for than before: search_ahead() begins again. */
void search_restart(void);
/* Goes over the next part, tasks running. False: it is done, or there is no memory, and what follows will take longer. May be
 * called again from the begin: it goes over what was written to since. */
bool search_ahead(search_fn show);
/* Goes over homes that stay, or those that LEAVE; WHOLE: as if nothing had been looked at before. True: SHOW ended it. */
bool search_homes(bool leave, bool whole, search_fn show);
/* Goes over the heap, but for large objects that SKIP names. *OUT_FULL: there was no memory for that. */
bool search_heap(bool whole, search_skip_fn skip, search_fn show, bool *out_full);
/* Goes over the words from BEGIN to END, of a stack. */
bool search_stack(uint64_t begin, uint64_t end, search_fn show);
/* Gives the bytes of its lists of homes, and the most that the list of the heap takes, if FRAMES are all there are. */
uint64_t search_bytes(void);
uint64_t search_most_bytes(uint64_t frames);
/* Says whether OBJECT of the heap is one of the search's own lists. */
bool search_owns(uint64_t object);

#endif
