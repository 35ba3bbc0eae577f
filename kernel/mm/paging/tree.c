/* The tree of page tables itself. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <lib/base/atomic.h>
#include <lib/base/evolve.h>
#include <mm/frame/frame.h>
#include <string.h>

/* Tables, and stacks. */
EVOLVE_FRAMES(none);

static uint64_t root; /* [I] after paging_start() */

void tree_set_root(uint64_t phys)
{
    root = phys;
}

uint64_t tree_root(void)
{
    return root;
}

uint64_t *tree_leaf(uint64_t va, bool make)
{
    uint64_t *table = phys_to_virt(root);
    for (unsigned shift = 39; shift > 12; shift -= 9) {
        uint64_t *entry = &table[va >> shift & (TABLE_ENTRIES - 1)];
        uint64_t value = atomic_load(entry);
        if (!(value & ENTRY_PRESENT)) {
            uint64_t phys;
            if (!make || frame_take(&phys) != STATUS_OK)
                return NULL;
            memset(phys_to_virt(phys), 0, PAGE_SIZE);
            value = phys | ENTRY_PRESENT | ENTRY_WRITE;
            atomic_store(entry, value);
        }
        table = phys_to_virt(value & ENTRY_ADDRESS);
    }
    return &table[va >> 12 & (TABLE_ENTRIES - 1)];
}

uint64_t entry_make(uint64_t phys, unsigned flags)
{
    return phys | ENTRY_PRESENT | (flags & PAGING_WRITE ? ENTRY_WRITE : 0) |
           (flags & PAGING_EXEC ? 0 : ENTRY_NO_EXEC) |
           (flags & PAGING_UNCACHED ? ENTRY_UNCACHED | ENTRY_WRITE_THROUGH : 0);
}

unsigned entry_flags(uint64_t entry)
{
    return (entry & ENTRY_WRITE ? PAGING_WRITE : 0) |
           (entry & ENTRY_NO_EXEC ? 0 : PAGING_EXEC) |
           (entry & ENTRY_UNCACHED ? PAGING_UNCACHED : 0);
}
