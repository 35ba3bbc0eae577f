/* Shared by the files of this cell: the tree of page tables. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_MM_PAGING_PRIVATE_H
#define NEURATH_MM_PAGING_PRIVATE_H

#include <mm/paging/paging.h>

/* Intel SDM volume 3, 4.5. All leaves are 4 KiB pages. Tables are never freed, so they can be read without the lock. */
#define ENTRY_PRESENT 1ull
#define ENTRY_WRITE 2ull
#define ENTRY_WRITE_THROUGH 8ull
#define ENTRY_UNCACHED 16ull
#define ENTRY_DIRTY 0x40ull
#define ENTRY_NO_EXEC (1ull << 63)
#define ENTRY_ADDRESS 0x000ffffffffff000ull
#define TABLE_ENTRIES 512u

/* Physical address of the root table. */
void tree_set_root(uint64_t phys);
uint64_t tree_root(void);

/* The leaf entry of VA; NULL when there is no table for it (and MAKE is false, or no frame is left). */
uint64_t *tree_leaf(uint64_t va, bool make);

uint64_t entry_make(uint64_t phys, unsigned flags);
unsigned entry_flags(uint64_t entry);

/* Makes every CPU forget PAGES translations from VA. The cell's lock is held. */
void shootdown(uint64_t va, size_t pages);

#endif
