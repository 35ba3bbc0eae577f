/* Memory that holds cells: text, read-only data, homes, stubs and slots in the top 2 GiB.
 * SPDX-License-Identifier: MIT
 *
 * Nothing is ever mapped writable and executable. Text and read-only regions are written
 * through a second, writable, never executable mapping (an alias) that exists only while it
 * is open. Addresses (va) are those that cells run at; on a host, where no cell runs, they
 * are only numbers and cellmem_view() and the aliases lead to ordinary memory. So loader and
 * planner are one source for the kernel, the boot image builder and the hosted planner.
 * Functions that take or give memory: task context only; cellmem_view: any context.
 * Source: thesis 4.2 (bounds of loaded sections), design 3 (W^X always).
 */
#ifndef NEURATH_CORE_CELLMEM_H
#define NEURATH_CORE_CELLMEM_H

#include <lib/base/status.h>
#include <lib/base/types.h>

enum cellmem_kind {
    CELLMEM_TEXT,   /* read, execute */
    CELLMEM_RODATA, /* read */
    CELLMEM_DATA,   /* read, write: homes */
    CELLMEM_STUB,   /* read, execute: entry stubs */
    CELLMEM_SLOT,   /* read, write: the stubs' targets */
    CELLMEM_KINDS
};

enum { CELLMEM_PAGE = 4096 };

struct cellmem_region {
    uint64_t va;  /* 0 = no region */
    uint64_t len; /* bytes, whole pages; 0 for a region placed at boot */
    enum cellmem_kind kind;
    uint8_t *write; /* writable view while open, else NULL */
};

/* Takes LEN > 0 bytes, zero-filled (text and stubs: filled with INT3), between unmapped guard
 * pages at a random place. Gives *out, open for writing; end it with cellmem_give().
 * STATUS_FULL: no memory or no address space, *out untouched. */
NODISCARD enum status cellmem_take(enum cellmem_kind kind, uint64_t len,
                                   struct cellmem_region *out);
/* Ends writing: the alias is gone afterwards. Harmless on a region that is not open. */
void cellmem_seal(struct cellmem_region *region);
/* Unmaps and frees the region; accepts one with va 0. Addresses of text are not used again until
 * some others have been given. */
void cellmem_give(struct cellmem_region *region);

/* Opens a writable alias of the page that holds VA (any kind). Gives *out_write, the alias of
 * byte VA itself; end it with cellmem_alias_close(VA, write). The 4096-byte page only.
 * STATUS_FULL: no alias left. */
NODISCARD enum status cellmem_alias_open(uint64_t va, uint8_t **out_write);
void cellmem_alias_close(uint64_t va, uint8_t *write);
/* Ends PAGES aliases of whole pages that lie one after the other from WRITE on, and are not the pages themselves: all
 * CPUs forget them at once. */
void cellmem_aliases_close(uint8_t *write, uint64_t pages);

/* Lends a readable pointer to the byte at VA, which lies in a region or a boot segment. */
const uint8_t *cellmem_view(uint64_t va);
/* Lends a pointer to write the byte at VA of a region of kind CELLMEM_DATA. */
uint8_t *cellmem_data(uint64_t va);

#endif
