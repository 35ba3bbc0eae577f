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

#define EVERYTHING SIZE_MAX /* pages; no CPU keeps a translation */

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
        atomic_store(tree_leaf(va + i * PAGE_SIZE, false),
                     entry_make(phys + i * PAGE_SIZE, flags));
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

enum status paging_direct_remove(const uint64_t *phys, size_t count)
{
    enum status status = STATUS_OK;
    spin_lock(&lock);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        const uint64_t *leaf = tree_leaf(PAGING_DIRECT_BASE + phys[i], false);
        if (leaf == NULL || !(*leaf & ENTRY_PRESENT))
            status = STATUS_NOT_FOUND;
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        atomic_store(tree_leaf(PAGING_DIRECT_BASE + phys[i], false), 0);
    if (status == STATUS_OK && count == 1)
        shootdown(PAGING_DIRECT_BASE + phys[0], 1);
    else if (status == STATUS_OK)
        shootdown(0, EVERYTHING);
    spin_unlock(&lock);
    return status;
}

enum status paging_direct_restore(uint64_t phys)
{
    return paging_map(PAGING_DIRECT_BASE + phys, phys, 1, PAGING_WRITE);
}

void paging_written_forget(uint64_t va, size_t pages)
{
    for (size_t i = 0; i < pages; i++) {
        uint64_t *leaf = tree_leaf(va + i * PAGE_SIZE, false);
        if (leaf != NULL)
            atomic_and(leaf, ~ENTRY_DIRTY);
    }
}

void paging_written_settle(void)
{
    spin_lock(&lock);
    shootdown(0, EVERYTHING);
    spin_unlock(&lock);
}

uint64_t paging_written(uint64_t va, size_t pages)
{
    uint64_t bits = 0;
    const uint64_t *leaf = NULL;
    for (size_t i = 0; i < pages; i++) { /* 512 entries lie side by side */
        uint64_t at = va + i * PAGE_SIZE;
        if (leaf == NULL || (at >> 12 & (TABLE_ENTRIES - 1)) == 0)
            leaf = tree_leaf(at, false);
        if (leaf == NULL)
            return UINT64_MAX;
        bits |= (uint64_t)((atomic_load(leaf) & ENTRY_DIRTY) != 0) << i;
        leaf++;
    }
    return bits;
}

void paging_written_note(uint64_t va)
{
    uint64_t *leaf = tree_leaf(va, false);
    if (leaf != NULL)
        atomic_or(leaf, ENTRY_DIRTY);
}

const uint64_t *paging_written_entry(uint64_t va, uint64_t *out_bit)
{
    *out_bit = ENTRY_DIRTY;
    return tree_leaf(va, false);
}

uint64_t paging_root(void)
{
    return tree_root();
}

/* Bytes that one entry of the deepest missing table on the way to VA would map; 0 when there is a leaf. */
static uint64_t gap_at(uint64_t va)
{
    const uint64_t *table = phys_to_virt(tree_root());
    for (unsigned shift = 39; shift > 12; shift -= 9) {
        uint64_t entry = table[va >> shift & (TABLE_ENTRIES - 1)];
        if (!(entry & ENTRY_PRESENT))
            return 1ull << shift;
        table = phys_to_virt(entry & ENTRY_ADDRESS);
    }
    return 0;
}

static bool check_leaf(uint64_t va)
{
    uint64_t phys;
    unsigned flags;
    if (paging_walk(va, &phys, &flags) != STATUS_OK || !(flags & PAGING_EXEC))
        return true;
    return !(flags & PAGING_WRITE) &&
           paging_walk(PAGING_DIRECT_BASE + align_down(phys, PAGE_SIZE), NULL, NULL) !=
               STATUS_OK;
}

bool paging_check(void)
{
    uint64_t va = 0, gap;
    do { /* until the address wraps round; the hole between the two halves is one gap after another */
        gap = gap_at(va);
        if (gap == 0 && !check_leaf(va))
            return false;
        va = align_down(va, gap == 0 ? PAGE_SIZE : gap) + (gap == 0 ? PAGE_SIZE : gap);
        if (va == 1ull << 47)
            va = 0xffff800000000000ull;
    } while (va != 0);
    return true;
}
