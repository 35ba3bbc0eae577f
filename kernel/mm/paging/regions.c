/* Address space for device registers and for stacks. */
/* SPDX-License-Identifier: MIT */
#include <mm/paging/paging.h>

#include <mm/frame/frame.h>
#include <task/spinlock/spinlock.h>

#define MMIO_MAX 64u

struct mmio {
    uint64_t phys; /* page-aligned */
    uint64_t pages;
    uint64_t va;
};

/* Each stack ends at the top of its own slot; the rest of the slot is its guard. */
#define STACK_SLOT_LEN (1ull << 20)
#define STACK_SLOTS 16384u

static struct {
    struct spinlock lock;
    struct mmio mmio[MMIO_MAX];
    size_t mmio_count;
    uint64_t mmio_next;
    uint64_t stack_slots[STACK_SLOTS / 64]; /* 1 = taken */
    size_t stack_hint;
} regions;

static struct mmio *mmio_find(uint64_t phys, uint64_t pages)
{
    for (size_t i = 0; i < regions.mmio_count; i++)
        if (regions.mmio[i].phys == phys && regions.mmio[i].pages >= pages)
            return &regions.mmio[i];
    return NULL;
}

static enum status mmio_add(uint64_t phys, uint64_t pages, struct mmio **out)
{
    struct mmio *added = &regions.mmio[regions.mmio_count];
    enum status status;
    if (regions.mmio_count == MMIO_MAX)
        return STATUS_FULL;
    *added = (struct mmio){
        .phys = phys, .pages = pages, .va = PAGING_MMIO_BASE + regions.mmio_next};
    status = paging_map(added->va, phys, pages, PAGING_WRITE | PAGING_UNCACHED);
    if (status != STATUS_OK)
        return status;
    regions.mmio_next += (pages + 1) * PAGE_SIZE; /* a gap catches what runs over */
    regions.mmio_count++;
    *out = added;
    return STATUS_OK;
}

enum status mmio_map(uint64_t phys, size_t len, volatile void **out)
{
    uint64_t first = align_down(phys, PAGE_SIZE);
    uint64_t pages = (align_up(phys + len, PAGE_SIZE) - first) / PAGE_SIZE;
    enum status status = STATUS_OK;
    struct mmio *found;
    if (len == 0)
        return STATUS_INVALID;
    spin_lock(&regions.lock);
    found = mmio_find(first, pages);
    if (found == NULL)
        status = mmio_add(first, pages, &found);
    if (status == STATUS_OK)
        *out = (volatile void *)(found->va + (phys - first));
    spin_unlock(&regions.lock);
    return status;
}

static enum status slot_take(uint64_t *out_top)
{
    enum status status = STATUS_FULL;
    spin_lock(&regions.lock);
    for (size_t i = 0; i < STACK_SLOTS / 64 && status != STATUS_OK; i++) {
        size_t word = (regions.stack_hint + i) % (STACK_SLOTS / 64);
        if (regions.stack_slots[word] != UINT64_MAX) {
            unsigned bit = (unsigned)__builtin_ctzll(~regions.stack_slots[word]);
            regions.stack_slots[word] |= 1ull << bit;
            regions.stack_hint = word;
            *out_top = PAGING_STACK_BASE + (word * 64 + bit + 1) * STACK_SLOT_LEN;
            status = STATUS_OK;
        }
    }
    spin_unlock(&regions.lock);
    return status;
}

static void slot_put(uint64_t top)
{
    uint64_t slot = (top - PAGING_STACK_BASE) / STACK_SLOT_LEN - 1;
    spin_lock(&regions.lock);
    regions.stack_slots[slot / 64] &= ~(1ull << (slot % 64));
    regions.stack_hint = min_u64(
        regions.stack_hint, slot / 64); /* low slots have their page tables already */
    spin_unlock(&regions.lock);
}

/* Gives back the frames of [low, top) that are mapped, and their addresses. The frames keep the list of themselves, so that
 * the other CPUs are asked only once to forget them. */
static void release(uint64_t low, uint64_t top)
{
    uint64_t phys, first = 0;
    for (uint64_t va = low; va < top; va += PAGE_SIZE)
        if (paging_walk(va, &phys, NULL) == STATUS_OK) {
            *(uint64_t *)phys_to_virt(phys) = first;
            first = phys;
        }
    paging_unmap(low, (top - low) / PAGE_SIZE);
    while (first != 0) {
        phys = first;
        first = *(uint64_t *)phys_to_virt(phys);
        frame_put(phys);
    }
}

enum status paging_stack_take(size_t len, uint64_t *out_top)
{
    uint64_t top, low, phys;
    enum status status;
    len = align_up(len, PAGE_SIZE);
    if (len == 0 || len > STACK_SLOT_LEN - PAGE_SIZE)
        return STATUS_INVALID;
    status = slot_take(&top);
    if (status != STATUS_OK)
        return status;
    low = top - len;
    for (uint64_t va = low; va < top && status == STATUS_OK; va += PAGE_SIZE) {
        status = frame_take(&phys);
        if (status != STATUS_OK)
            break;
        status = paging_map(va, phys, 1, PAGING_WRITE);
        if (status != STATUS_OK)
            frame_put(phys);
    }
    if (status != STATUS_OK) {
        release(low, top);
        slot_put(top);
        return status;
    }
    *out_top = top;
    return STATUS_OK;
}

void paging_stack_put(uint64_t top, size_t len)
{
    release(top - align_up(len, PAGE_SIZE), top);
    slot_put(top);
}

bool paging_is_guard(uint64_t address)
{
    return address - PAGING_STACK_BASE < STACK_SLOTS * STACK_SLOT_LEN &&
           paging_walk(address, NULL, NULL) != STATUS_OK;
}
