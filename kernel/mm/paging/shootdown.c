/* Old translations leave all CPUs before their page is given away. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <lib/base/atomic.h>
#include <lib/base/io.h>
#include <task/cpu/cpu.h>

#define SINGLE_MAX 32u /* pages; beyond, everything is forgotten */

/* One request at a time: the requester holds the cell's lock. A CPU acknowledges by clearing shootdown_pending. A halted
 * one (quiet) is neither called nor waited for: it forgets everything before it does anything else (entry's
 * leave_quiet). Both sides store their flag before they look at the other's, so one of them sees it. */
static struct {
    uint64_t va;
    size_t pages;
} request;

static void flush_here(uint64_t va, size_t pages)
{
    if (pages > SINGLE_MAX) {
        uint64_t root;
        __asm__ volatile("movq %%cr3, %0; movq %0, %%cr3" : "=r"(root)::"memory");
        return;
    }
    for (size_t i = 0; i < pages; i++)
        __asm__ volatile("invlpg (%0)" ::"r"(va + i * PAGE_SIZE) : "memory");
}

void paging_shootdown_poll(void)
{
    uint64_t flags = interrupts_off();
    struct cpu_block *here = cpu_here();
    if (atomic_load(&here->shootdown_pending)) {
        flush_here(request.va, request.pages);
        atomic_store(&here->shootdown_pending, 0);
    }
    interrupts_restore(flags);
}

void paging_shootdown_interrupt(void)
{
    paging_shootdown_poll();
}

void shootdown(uint64_t va, size_t pages)
{
    unsigned here = cpu_index(), count = cpu_count();
    flush_here(va, pages);
    if (count == 1)
        return;
    request.va = va;
    request.pages = pages;
    memory_barrier();
    for (unsigned i = 0; i < count; i++)
        if (i != here) {
            struct cpu_block *block = cpu_block_at(i);
            atomic_exchange(&block->shootdown_pending, 1);
            if (!atomic_load(&block->quiet))
                cpu_send_ipi(i, VECTOR_SHOOTDOWN);
        }
    for (unsigned i = 0; i < count; i++) {
        const struct cpu_block *block = cpu_block_at(i);
        while (i != here && atomic_load(&block->shootdown_pending) &&
               !atomic_load(&block->quiet)) {
            atomic_add(&cpu_here()->heartbeat,
                       1); /* the one that does not answer is stuck, not we */
            cpu_pause();
        }
    }
    request.va =
        0; /* an address left here would look like a reference to what was unmapped */
}
