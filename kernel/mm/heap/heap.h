/* The kernel's memory allocator. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_MM_HEAP_HEAP_H
#define NEURATH_MM_HEAP_HEAP_H

#include <lib/base/status.h>

/* Slabs of equal objects in aligned blocks of 16 KiB that say themselves what they hold; larger pieces are
 * runs of frames with the same head. Pointers are aligned to 16 bytes. Interrupt context is allowed;
 * each size class has its own lock. Freed memory is overwritten, so that a use after free shows. */

struct heap_stats {
    uint64_t live_bytes; /* of objects that are handed out, as rounded up by the allocator */
    uint64_t live_count;
    uint64_t held_bytes;  /* of frames that the heap holds */
    uint64_t allocations; /* since boot */
    uint64_t failures;
};

void heap_free(void *object);

/* Gives LEN bytes, undefined content, but nothing that another user left; NULL when there is no memory. A length of 0 gives a
 * distinct pointer too. */
void *heap_alloc(size_t len) GIVES_MEMORY(heap_free);

/* Gives N * LEN zeroed bytes; NULL also when the product overflows. */
void *heap_calloc(size_t n, size_t len) GIVES_MEMORY(heap_free);

/* Takes OBJECT (NULL allowed) and gives it back with LEN bytes, perhaps elsewhere; the common part is kept.
 * NULL: no memory, OBJECT is as before. */
NODISCARD void *heap_realloc(void *object, size_t len);

/* The bytes that may be used behind OBJECT. */
size_t heap_size(const void *object);

void heap_stats_read(struct heap_stats *out);

/* Walks every block and asserts what it says of itself; true when all is consistent. Locks one class at a time. */
bool heap_check(void);

/* Objects of one length side by side, of which some are in use; a large object is a run of one. What lies in those that
 * are not in use looks like no address. */
struct heap_run {
    uint64_t at;  /* of the first object */
    uint64_t len; /* of each */
    uint64_t count;
    const uint64_t *
        used; /* a bit for each object, lent until the run is given back; NULL: all are in use */
};

/* Says whether object INDEX of RUN is in use. */
static inline bool heap_run_uses(const struct heap_run *run, uint64_t index)
{
    return !run->used || (run->used[index / 64] >> (index % 64) & 1);
}

/* Calls VISIT for each run until it returns false; a class is locked meanwhile: VISIT must not allocate. *SEEN is
 * the visitor's to set (the swap task's), and false in a run that came since. */
typedef bool (*heap_run_fn)(const struct heap_run *run, bool *seen, void *arg);
void heap_for_each_run(heap_run_fn visit, void *arg);
/* At most so many runs there are now. */
uint64_t heap_runs_bound(void);

/* The watch of a trial: notes the objects that are taken by way of given text (an address in it is on the stack of who
 * asks), until they are freed. One at a time; the swap task is the only user. */
struct heap_taken {
    uint64_t hidden; /* the object's address inverted, so that it is no reference; 0: free place */
    uint64_t len;
    uint64_t site;   /* the innermost address in the texts */
    uint32_t looks;  /* the user's, zero at first: heap_watch_note() */
    uint32_t serial; /* tells it from others that have had, or will have, its address */
};

struct heap_watch {
    const struct address_range *texts;
    uint32_t text_count;
    uint32_t room; /* of taken, a power of two; three quarters of it are used */
    struct heap_taken *taken; /* zero at first */
    uint32_t count;           /* [a] */
    uint32_t serials;
    uint32_t unnoted;       /* [a] objects for which there was no room, freed or not */
    uint64_t unnoted_bytes; /* [a] */
    uint64_t bytes;         /* [a] of all that are noted */
    uint64_t low, span;     /* of all texts; the heap's */
};

/* Begins to note; WATCH is lent until heap_watch_end(). Each request for memory takes a lock more meanwhile. */
void heap_watch_begin(struct heap_watch *watch);
void heap_watch_end(void);
/* Calls VISIT for each object that is noted. Nobody gets memory meanwhile: VISIT must not allocate. */
typedef void (*heap_taken_fn)(const struct heap_taken *taken, void *arg);
void heap_watch_each(heap_taken_fn visit, void *arg);
/* Sets what is noted of OBJECT, if that is still the one with that SERIAL; gives whether it is. */
bool heap_watch_note(uint64_t object, uint32_t serial, uint32_t looks);

/* Called once by init, after frame_start() and paging_start(). */
void heap_start(void);

/* heap_new() and its like, by which cells take memory. */
#include <mm/heap/typed.h>

#endif
