/* Objects of cells that were unloaded: who goes back to one need not fetch it again.
 * SPDX-License-Identifier: MIT
 *
 * When a retired version is freed, the bytes of its object stay here, known by their hash, until
 * they are the oldest and there is no room, or until memory runs low. evolve_object_copy() finds
 * them. What the boot archive holds is not kept twice. Nobody has to trust what lies here: who asks
 * compares the hash, as with what was fetched.
 * The swap task's; the list is guarded by evolve_lock() for readers. Lengths in bytes.
 */
#ifndef NEURATH_CORE_EVOLVE_UNLOADED_H
#define NEURATH_CORE_EVOLVE_UNLOADED_H

#include <core/namespace/namespace.h>

enum { UNLOADED_MAX = 4 << 20 };

/* V is about to be freed: TAKES the bytes of its object, if it owns them and they fit. */
void unloaded_put(struct version *v);
/* Frees all of them. */
void unloaded_drop(void);
/* Frees all of them if memory is low. */
void unloaded_yield(void);
/* Calls VISIT with the bytes of each, and NULL. */
void unloaded_visit(void (*visit)(const void *object, struct version *v));
/* How many there are, and their bytes. Any task. */
void unloaded_count(uint32_t *out_count, uint64_t *out_bytes);

#endif
