/* The kernel's heap interface on a host: the C library's heap.
 * SPDX-License-Identifier: MIT
 */
#include <mm/heap/heap.h>

#include <stdlib.h>

void *heap_alloc(size_t len)
{
    return malloc(len ? len : 1);
}
void *heap_calloc(size_t count, size_t len)
{
    return calloc(count ? count : 1, len ? len : 1);
}
void *heap_realloc(void *block, size_t len)
{
    return realloc(block, len ? len : 1);
}
void heap_free(void *block)
{
    free(block);
}
