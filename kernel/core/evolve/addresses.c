/* Sorted lists of addresses.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/addresses.h>

#include <core/plan/elements.h>
#include <mm/heap/heap.h>
#include <stdlib.h>

bool addresses_init(struct addresses *a, uint32_t room)
{
    a->list = heap_new_array(uint64_t, room);
    a->room = a->list ? room : 0;
    a->count = 0;
    return a->list != NULL;
}

void addresses_fini(struct addresses *a)
{
    elements_forget(a->list, a->room * sizeof *a->list);
    *a = (struct addresses){0};
}

void addresses_add(struct addresses *a, const void *address)
{
    a->list[a->count++] = (uint64_t)address;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

void addresses_sort(struct addresses *a)
{
    qsort(a->list, a->count, sizeof *a->list, compare);
}

/* The first place at which no less than ADDRESS stands. */
static uint32_t place(const struct addresses *a, uint64_t address)
{
    uint32_t low = 0;
    uint32_t high = a->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (a->list[middle] < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t addresses_count(const struct addresses *a, uint64_t address)
{
    uint32_t first = place(a, address);
    uint32_t i = first;
    while (i < a->count && a->list[i] == address)
        i++;
    return i - first;
}
