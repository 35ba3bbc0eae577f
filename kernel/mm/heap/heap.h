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

/* Gives LEN bytes, undefined content; NULL when there is no memory. A length of 0 gives a distinct pointer too. */
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

/* Called once by init, after frame_start() and paging_start(). */
void heap_start(void);

/* heap_new() and its like, by which cells take memory. */
#include <mm/heap/typed.h>

#endif
