/* What a function does that may never end, or not before somebody else has done something.
 * SPDX-License-Identifier: MIT
 *
 * Who takes a swap back, or carries one out, interrupts whatever a CPU was doing: a lock that is taken there would never be
 * given back. Told from the instructions, so only what has a form of its own is found: a lock is known by the count of locks
 * that each CPU keeps (cpu.h, a frozen place), a wait by the hint that it gives the processor. A plain loop that never ends
 * is not; a rehearsal finds that. The same source runs in the kernel and on hosts. Any context.
 */
#ifndef NEURATH_CORE_LOADER_WAITS_H
#define NEURATH_CORE_LOADER_WAITS_H

#include <lib/base/types.h>

enum waits_kind {
    WAITS_NONE,
    WAITS_LOCK, /* takes or gives back a lock */
    WAITS_HALT, /* stops its CPU until an interrupt comes */
    WAITS_RETRY, /* exchanges a word until nobody was quicker: a locked CMPXCHG in a loop */
    WAITS_SPIN, /* looks at something over and over: PAUSE */
};

/* Gives the first that the LEN bytes of CODE do, whole functions that instruction_read() knows all of, and where; SPINS: such
 * waits are not looked for. WAITS_NONE: nothing, *out_at is untouched. */
enum waits_kind waits_find(const uint8_t *code, size_t len, bool spins, size_t *out_at);
/* "takes a lock", and so on. Not of WAITS_NONE. */
const char *waits_text(enum waits_kind kind);

#endif
