/* Objects of the heap that say what they are. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_MM_HEAP_TYPED_H
#define NEURATH_MM_HEAP_TYPED_H

#include <lib/base/memory.h>
#include <mm/heap/heap.h>

/* A type may change its form while the system runs as long as none of its objects lies on the heap where nobody finds it. These
 * write the type's name into the cell (`.cell`, "on-heap"): a cell that takes memory by them alone is known to
 * have no other types there, and those others may change freely. heap_alloc(), heap_calloc() and heap_realloc() say nothing, so
 * of a cell that calls one of them each type to which it has pointers is taken for one that may lie there.
 *
 * TYPE is written with its tag, `struct conn`; it may be a pointer or a number too. All give NULL when there is no memory, and
 * what they give goes back by heap_free(). */

/* One object, zeroed. */
#define heap_new(type)                                                                   \
    ({                                                                                   \
        HEAP_HOLDS(type);                                                                \
        (typeof(type) *)heap_typed_calloc(1, sizeof(type));                              \
    })

/* One object, zeroed, with LEN zeroed bytes behind it, in which no struct lies. */
#define heap_new_with(type, len)                                                         \
    ({                                                                                   \
        HEAP_HOLDS(type);                                                                \
        (typeof(type) *)heap_typed_calloc(1, sizeof(type) + (len));                      \
    })

/* N objects, zeroed. NULL also when they would be too long. */
#define heap_new_array(type, n)                                                          \
    ({                                                                                   \
        HEAP_HOLDS(type);                                                                \
        (typeof(type) *)heap_typed_calloc(n, sizeof(type));                              \
    })

/* Takes ARRAY (NULL allowed) and gives it back with N objects, perhaps elsewhere; what is behind the common part is
 * undefined. NULL: ARRAY is as before. */
#define heap_grow_array(type, array, n)                                                   \
    ({                                                                                    \
        typeof(type) *heap_array_ = (array);                                              \
        HEAP_HOLDS(type);                                                                 \
        (typeof(type) *)heap_typed_realloc(heap_array_, heap_array_len(n, sizeof(type))); \
    })

/* LEN bytes, undefined content: text, packets, files; never a struct, nor the copy of one. */
uint8_t *heap_bytes(size_t len) GIVES_MEMORY(heap_free);

/* Takes BYTES (NULL allowed) of heap_bytes() and gives them back with LEN, perhaps elsewhere; the common part is kept.
 * NULL: BYTES are as before. */
NODISCARD uint8_t *heap_grow_bytes(uint8_t *bytes, size_t len);

/* ---- for the above only ---- */

void *heap_typed_calloc(size_t n, size_t len) GIVES_MEMORY(heap_free);
NODISCARD void *heap_typed_realloc(void *object, size_t len);
static inline size_t heap_array_len(size_t n, size_t len)
{
    size_t total;
    return __builtin_mul_overflow(n, len, &total) ? SIZE_MAX
                                                  : total; /* which nobody has */
}

#endif
