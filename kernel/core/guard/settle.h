/* Holds CPUs only where they might have been preempted, or are stuck. Private to the guard.
 * SPDX-License-Identifier: MIT
 *
 * An NMI stops a CPU anywhere: with a lock held, in the middle of the scheduler, in a handler. A text swap does not
 * mind, for what it takes back are only bytes. Data that go back to their old form must be whole, and whoever was at
 * them must be able to begin again. So a CPU that was caught with its interrupts off is let go, and called by an
 * interrupt, which it takes when they are on. Who never gets there is stuck: its lock, if it holds one, is lost with it,
 * and the machine resets.
 */
#ifndef NEURATH_CORE_GUARD_SETTLE_H
#define NEURATH_CORE_GUARD_SETTLE_H

#include <task/cpu/cpu.h>
#include <task/entry/entry.h>

/* Nobody is held any more, or yet. */
void settle_begin(void);
/* SELF is held now, at FRAME. */
void settle_arrive(const struct trap_frame *frame, const struct cpu_block *self);
/* Says whether SELF is held already, or was called to come later: an NMI at FRAME changes nothing. */
bool settle_holds(const struct trap_frame *frame, const struct cpu_block *self);
/* Says whether SELF is let go once more: then it is not held. */
bool settle_goes_on(const struct cpu_block *self);
/* SELF waits in the guard with its interrupts off, and is not waited for. */
void settle_waits(const struct cpu_block *self, bool waits);
/* Lets CPUs go that have their interrupts off, but for STUCK (its number plus one, 0: none) and those that wait, and
 * holds them when they are on (guard_park), or where they are when LIMIT_TSC have passed. SELF does so. */
void settle(struct cpu_block *self, uint32_t stuck, uint64_t limit_tsc);

enum { GUARD_ICR_NMI = 0x4400 };
/* Sends an interrupt, COMMAND being the low word of the ICR; waits for the local APIC. Any context. */
void guard_send(uint32_t apic_id, uint32_t command);

#endif
