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

/* Calls VISIT for each live object until it returns false; a class is locked meanwhile: VISIT must not allocate. */
typedef bool (*heap_visit_fn)(void *object, size_t len, void *arg);
void heap_for_each(heap_visit_fn visit, void *arg);

/* Called once by init, after frame_start() and paging_start(). */
void heap_start(void);

#endif
