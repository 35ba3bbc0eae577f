/* Mapping, protecting and unmapping pages. */
/* SPDX-License-Identifier: MIT */
#include <mm/paging/paging.h>

#include "private.h"

#include <fault/fault/fault.h>
#include <lib/base/atomic.h>
#include <lib/base/io.h>
#include <mm/frame/frame.h>
#include <task/spinlock/spinlock.h>

static struct spinlock lock; /* of all tables */

static bool flags_valid(unsigned flags)
{
    return (flags & (PAGING_WRITE | PAGING_EXEC)) != (PAGING_WRITE | PAGING_EXEC);
}

/* Makes the tables for the range; all its pages must be unmapped. */
static enum status prepare(uint64_t va, size_t pages)
{
    for (size_t i = 0; i < pages; i++) {
        uint64_t *leaf = tree_leaf(va + i * PAGE_SIZE, true);
        if (leaf == NULL)
            return STATUS_FULL;
        if (*leaf & ENTRY_PRESENT)
            return STATUS_BUSY;
    }
    return STATUS_OK;
}

enum status paging_map(uint64_t va, uint64_t phys, size_t pages, unsigned flags)
{
    enum status status;
    if (!flags_valid(flags) || ((va | phys) & PAGE_MASK) != 0)
        return STATUS_INVALID;
    spin_lock(&lock);
    status = prepare(va, pages);
    for (size_t i = 0; status == STATUS_OK && i < pages; i++)
        atomic_store(tree_leaf(va + i * PAGE_SIZE, false), entry_make(phys + i * PAGE_SIZE, flags));
    spin_unlock(&lock);
    return status;
}

enum status paging_protect(uint64_t va, size_t pages, unsigned flags)
{
    enum status status = STATUS_OK;
    if (!flags_valid(flags) || (va & PAGE_MASK) != 0)
        return STATUS_INVALID;
    spin_lock(&lock);
    for (size_t i = 0; status == STATUS_OK && i < pages; i++) {
        const uint64_t *leaf = tree_leaf(va + i * PAGE_SIZE, false);
        if (leaf == NULL || !(*leaf & ENTRY_PRESENT))
            status = STATUS_NOT_FOUND;
    }
    for (size_t i = 0; status == STATUS_OK && i < pages; i++) {
        uint64_t *leaf = tree_leaf(va + i * PAGE_SIZE, false);
        atomic_store(leaf, entry_make(*leaf & ENTRY_ADDRESS, flags));
    }
    if (status == STATUS_OK)
        shootdown(va, pages);
    spin_unlock(&lock);
    return status;
}

void paging_unmap(uint64_t va, size_t pages)
{
    bool any = false;
    spin_lock(&lock);
    for (size_t i = 0; i < pages; i++) {
        uint64_t *leaf = tree_leaf(va + i * PAGE_SIZE, false);
        if (leaf != NULL && (*leaf & ENTRY_PRESENT)) {
            atomic_store(leaf, 0);
            any = true;
        }
    }
    if (any)
        shootdown(va, pages);
    spin_unlock(&lock);
}

enum status paging_walk(uint64_t va, uint64_t *out_phys, unsigned *out_flags)
{
    const uint64_t *leaf = tree_leaf(va, false);
    uint64_t entry = leaf == NULL ? 0 : atomic_load(leaf);
    if (!(entry & ENTRY_PRESENT))
        return STATUS_NOT_FOUND;
    if (out_phys != NULL)
        *out_phys = (entry & ENTRY_ADDRESS) | (va & PAGE_MASK);
    if (out_flags != NULL)
        *out_flags = entry_flags(entry);
    return STATUS_OK;
}

enum status paging_direct_remove(uint64_t phys)
{
    uint64_t va = PAGING_DIRECT_BASE + phys;
    if (paging_walk(va, NULL, NULL) != STATUS_OK)
        return STATUS_NOT_FOUND;
    paging_unmap(va, 1);
    return STATUS_OK;
}

enum status paging_direct_restore(uint64_t phys)
{
    return paging_map(PAGING_DIRECT_BASE + phys, phys, 1, PAGING_WRITE);
}

uint64_t paging_root(void)
{
    return tree_root();
}

/* Visits every leaf below TABLE, which maps from VA on. LEVEL 1 holds leaves. */
static bool check_table(const uint64_t *table, unsigned level, uint64_t va)
{
    for (uint64_t i = 0; i < TABLE_ENTRIES; i++) {
        uint64_t here = va + (i << (3 + 9 * level));
        uint64_t phys = table[i] & ENTRY_ADDRESS;
        unsigned flags = entry_flags(table[i]);
        if (!(table[i] & ENTRY_PRESENT))
            continue;
        if (level == 4 && i >= TABLE_ENTRIES / 2)
            here |= 0xffff000000000000ull;
        if (level > 1 && !check_table(phys_to_virt(phys), level - 1, here))
            return false;
        if (level > 1 || !(flags & PAGING_EXEC))
            continue;
        if ((flags & PAGING_WRITE) ||
            paging_walk(PAGING_DIRECT_BASE + phys, NULL, NULL) == STATUS_OK)
            return false;
    }
    return true;
}

bool paging_check(void)
{
    return check_table(phys_to_virt(tree_root()), 4, 0);
}
