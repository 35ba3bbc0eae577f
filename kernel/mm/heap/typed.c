/* The heap for those who say what they put there. */
/* SPDX-License-Identifier: MIT */
#include <mm/heap/typed.h>

#include <lib/base/evolve.h>

/* Others' objects lie behind it; who takes them says of what type they are. */
EVOLVE_FRAMES(head);
EVOLVE_LENT(heap_free);
EVOLVE_LENT(heap_realloc);
EVOLVE_LENT(heap_typed_realloc);

uint8_t *heap_bytes(size_t len)
{
    return heap_alloc(len);
}

uint8_t *heap_grow_bytes(uint8_t *bytes, size_t len)
{
    return heap_realloc(bytes, len);
}

void *heap_typed_calloc(size_t n, size_t len)
{
    return heap_calloc(n, len);
}

void *heap_typed_realloc(void *object, size_t len)
{
    return heap_realloc(object, len);
}
