/* Cell memory on a host: addresses are numbers, bytes live in ordinary memory.
 * SPDX-License-Identifier: MIT
 *
 * Used by the boot image builder and the hosted planner. Regions of each kind are handed out
 * from consecutive addresses in a window per kind, so that the builder can turn each window
 * into one segment. One process, one thread.
 */
#ifndef NEURATH_CORE_CELLMEM_HOST_H
#define NEURATH_CORE_CELLMEM_HOST_H

#include <core/cellmem/cellmem.h>

struct cellmem_window {
    uint64_t base; /* first address, page aligned */
    uint64_t used; /* bytes handed out, whole pages */
};

/* Forgets all regions (those still in use too) and starts each window at BASE[kind]. */
void cellmem_host_reset(const uint64_t base[CELLMEM_KINDS]);
/* Lends what has been handed out of KIND so far. */
const struct cellmem_window *cellmem_host_window(enum cellmem_kind kind);

#endif
