/* The kernel's page tables: one address space, W^X, 4 KiB pages. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_MM_PAGING_PAGING_H
#define NEURATH_MM_PAGING_PAGING_H

#include <lib/base/status.h>

/* Invariants (tests cite the numbers):
 *  1. No page is writable and executable.
 *  2. A frame that is mapped executable is not in the direct map, from paging_start() on for placed
 *     segments and from paging_direct_remove() on for others.
 *  3. After paging_unmap() and paging_protect() return, no CPU uses the old translation.
 * Intel SDM volume 3, chapter 4. Locking: one lock inside. Functions that remove rights wait for the other
 * CPUs (inter-processor interrupt 0xe2); CPUs that spin on a lock or are parked answer through
 * paging_shootdown_poll(). They may be called with locks held, but not in interrupt context. */

/* Memory map (design.md 3; all page-aligned). */
#define PAGING_DIRECT_BASE                                                               \
    0xffff888000000000ull /* RAM at its physical address, RW, never executable */
#define PAGING_MMIO_BASE 0xffffc90000000000ull /* device registers */
#define PAGING_STACK_BASE                                                                \
    0xffffca0000000000ull /* task and CPU stacks, each above an unmapped guard page */
#define PAGING_IMAGE_BASE                                                                \
    0xffffffff80000000ull /* placed at boot, at this distance from physical */
#define PAGING_CELL_BASE 0xffffffffa0000000ull /* cells loaded at run time */
#define PAGING_CELL_END 0xffffffffe0000000ull
#define PAGING_ALIAS_BASE 0xffffffffe0000000ull /* temporary writable aliases */
#define PAGING_ALIAS_END 0xfffffffff0000000ull

#define PAGING_WRITE 1u
#define PAGING_EXEC 2u
#define PAGING_UNCACHED 4u

/* The direct map. Valid for RAM only; the page may have been removed (invariant 2). */
static inline void *phys_to_virt(uint64_t phys)
{
    return (void *)(PAGING_DIRECT_BASE + phys);
}
static inline uint64_t direct_to_phys(const void *address)
{
    return (uint64_t)address - PAGING_DIRECT_BASE;
}

/* Maps PAGES pages at VA to adjacent frames from PHYS. Either all or none is mapped.
 * STATUS_INVALID: write and exec together, misaligned; STATUS_BUSY: a page is mapped already;
 * STATUS_FULL: no frame for a table. */
NODISCARD enum status paging_map(uint64_t va, uint64_t phys, size_t pages, unsigned flags);

/* Gives mapped pages other rights. STATUS_INVALID as above; STATUS_NOT_FOUND: a page is not mapped (nothing changed). */
NODISCARD enum status paging_protect(uint64_t va, size_t pages, unsigned flags);

/* Unmaps what is mapped in the range; the frames stay the caller's. Cannot fail. */
void paging_unmap(uint64_t va, size_t pages);

/* Translates VA. STATUS_NOT_FOUND: not mapped. Either output may be NULL. Any context, no lock. */
NODISCARD enum status paging_walk(uint64_t va, uint64_t *out_phys, unsigned *out_flags);

/* Takes COUNT frames out of the direct map before they become text: all CPUs forget them at once. STATUS_NOT_FOUND: one is
 * not there, nothing changed. */
NODISCARD enum status paging_direct_remove(const uint64_t *phys, size_t count);
/* Takes one back into it afterwards. */
NODISCARD enum status paging_direct_restore(uint64_t phys);

/* Which pages were written to: the processor notes it in the entry through which it writes (SDM volume 3, 4.8). What devices
 * write, and what goes through another mapping of the same frame, is not noted; paging_protect() forgets it.
 * No lock; for pages that stay mapped meanwhile.
 *
 * Forgets it of PAGES pages from VA, which holds for writes after paging_written_settle() has returned. */
void paging_written_forget(uint64_t va, size_t pages);
void paging_written_settle(void);
/* Gives a bit for each of PAGES <= 64 pages from VA, the first one lowest: whether it was written to since. */
uint64_t paging_written(uint64_t va, size_t pages);
/* Lets the page of VA count as written to. */
void paging_written_note(uint64_t va);
/* Lends what the processor notes it in, for who may call nobody: *OUT_BIT of that word is set when the page of VA has been
 * written to. NULL: there is no such page. */
const uint64_t *paging_written_entry(uint64_t va, uint64_t *out_bit);

/* Maps device registers, uncached. Gives *out; stays mapped for good. PHYS need not be aligned.
 * A second call for the same place gives the same address. */
NODISCARD enum status mmio_map(uint64_t phys, size_t len, volatile void **out);

/* Takes frames for LEN bytes (rounded up to pages) and maps them below an unmapped guard page in the stack
 * region. Gives *out_top, the address just above, 16-aligned; return it with paging_stack_put(). */
NODISCARD enum status paging_stack_take(size_t len, uint64_t *out_top);
void paging_stack_put(uint64_t top, size_t len);

/* True when ADDRESS lies in a guard page below a stack: the fault handler's word for an overflow. */
bool paging_is_guard(uint64_t address);

/* Answers a pending TLB shootdown of this CPU, if there is one. Any context; takes no lock. */
void paging_shootdown_poll(void);
/* The interrupt 0xe2; called by the interrupt cell. */
void paging_shootdown_interrupt(void);

/* Called once by init: new tables with W^X, the stub's identity map gone. */
NODISCARD enum status paging_start(void);
/* Loads the tables on this CPU and switches NX, WP on. */
void paging_start_cpu(void);
/* Physical address of the root table; below 4 GiB. */
uint64_t paging_root(void);
/* Asserts invariants 1 and 2 over all tables; true when they hold. For tests: slow. */
bool paging_check(void);

#endif
