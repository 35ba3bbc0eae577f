/* What the search for pointers looks for: addresses that would mean something else after a coupled swap.
 * SPDX-License-Identifier: MIT
 *
 * Addresses in
 *   objects that migrate, unless all of it stays where it is;
 *   the end of a constant table that becomes shorter where it is;
 *   stubs that would lead into text that is left: a stub whose function the new version has in another form, or not at all,
 *   goes on to stand for the old text;
 *   homes that only the versions have that are left: nobody reads them any more, but who points to one;
 *   elements that move (moving.h), once they are known.
 * On the way back only objects and elements are looked for.
 *
 * The lists are made once; then each word that lies in one of those ranges is a question, and holders.c says what comes of the
 * answers. The lists lie on the heap and are the struct's. The swap task is the only user: the text that is left (leaving.h) and
 * the ranges of the search (search.h) are its own, too.
 */
#ifndef NEURATH_CORE_EVOLVE_SOUGHT_H
#define NEURATH_CORE_EVOLVE_SOUGHT_H

#include <core/evolve/addresses.h>
#include <core/evolve/held.h>

/* Pointers to BEGIN .. END - 1 are looked for. */
struct sought_target {
    uint64_t begin;
    uint64_t end;
    const struct home *home; /* that goes; NULL: of a stub */
    struct lead lead;        /* of a home: nothing until something was found in it */
};

struct sought {
    const struct plan *plan; /* lent */
    bool backwards;          /* the way back */
    bool any;                /* something is looked for before elements are known */
    bool cuts;               /* ... also the end of a constant that becomes shorter */
    struct sought_target *targets; /* sorted */
    uint32_t target_count;
    struct addresses left; /* homes of versions that are left, once for each section */
    struct addresses rewritten; /* words that will hold something else */
    /* Objects of the heap that hold such addresses, and that nobody calls or reads through. */
    struct addresses described;
};

/* Begins with empty lists: nothing is looked for. PLAN is lent until sought_fini(), which S is to be ended with in any case. */
void sought_init(struct sought *s, const struct plan *plan, bool backwards);
/* Frees the lists, and leaves nothing behind that somebody could take for a reference. S may be zero. */
void sought_fini(struct sought *s);
/* Lists the homes of text that is left, for sought_leaves(); once, after leaving_init(). False: no memory. */
NODISCARD bool sought_list_left(struct sought *s);
/* Lists the rest, as far as it is known before elements are, and tells the search (search_for()); once, after
 * sought_list_left() and search_begin(). False: no memory. */
NODISCARD bool sought_list(struct sought *s);
/* Tells the search where the plan's elements are. False: there are none. */
bool sought_list_elements(const struct sought *s);
/* Gives the bytes of all lists. */
uint64_t sought_bytes(const struct sought *s);

/* Says whether H goes with the text that is left: what lies in it counts only through those who point to it. */
bool sought_leaves(const struct sought *s, const struct home *h);
/* Says whether an address in M, which migrates, goes on to mean the same: every bit keeps its place, or it has one form and was
 * only initialised again. */
bool sought_stays(const struct sought *s, const struct migration *m);
/* Says whether the word at AT will hold something else, for the journal stores it, or be no part of anything. */
bool sought_rewrites(const struct sought *s, uint64_t at);
/* Says whether OBJECT of the heap describes the swap or what the namespace has. */
bool sought_describes(const struct sought *s, uint64_t object);
/* Lends the constant in whose lost end VA lies, or NULL. */
const struct migration *sought_cut_at(const struct sought *s, uint64_t va);
/* Lends the stub or home in which WORD lies, or NULL, until sought_fini(). Its lead is the caller's to write. */
struct sought_target *sought_target(const struct sought *s, uint64_t word);

#endif
