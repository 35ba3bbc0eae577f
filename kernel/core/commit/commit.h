/* The park, and the stores of a swap under it.
 * SPDX-License-Identifier: MIT
 *
 * commit_apply() holds all other CPUs in park_handler() with interrupts off, checks that every
 * place of the journal holds what it expects, stores, and lets each CPU execute a serialising
 * instruction before it goes on. Bytes of text are only ever written here and by the guard.
 * A new version of this cell is stored by the old one: it and the CPUs that it holds finish in
 * old text, and the next park is the new one's. The data are the same, so a park that one of
 * them began can be ended by the other; if their form changes, each has its own (core/plan/closure.c).
 * Cross-modifying code without the park leaves stale code behind (Intel SDM 3, 9.1.3).
 *
 * Park invariants:
 *  1. while `holding` is a nonzero ticket, a CPU that entered with it leaves only when it has
 *     changed, and after a serialising instruction;
 *  2. nothing is stored before every other online CPU is held, and all places match;
 *  3. once the first byte is stored, all are stored; nothing after that can fail. Values are
 *     brought into their new forms before, in memory of the plan;
 *  4. who holds a lock, or is in another interrupt, does not count as held: the park misses its
 *     deadline, and names that CPU.
 */
#ifndef NEURATH_CORE_COMMIT_H
#define NEURATH_CORE_COMMIT_H

#include <core/plan/plan.h>
#include <task/entry/entry.h>

struct commit_times {
    uint64_t hold_tsc;    /* from the first interrupt sent to all CPUs held */
    uint64_t pause_tsc;   /* from the first interrupt sent to the release */
    uint32_t missing_cpu; /* STATUS_TIMEOUT: a CPU that did not come */
    uint64_t drift_va;    /* STATUS_INVALID: a place that did not match */
};

/* Applies the journal and the migrations, BACKWARDS for a revert; then the new text of cells whose data change is
 * withdrawn (withdraw.h), but for that of the caller, which only leaves. Task context, no lock held; the
 * pokes' aliases are open. STATUS_TIMEOUT: a CPU could not be held within LIMIT_TSC ticks of the
 * time stamp counter; STATUS_INVALID: a place does not match; STATUS_BUSY: the guard has acted
 * since it was armed; STATUS_AGAIN: an element, a pointer to one or an object that edges turn has changed since it
 * was transferred; STATUS_DENIED: a value has no place in its new form, MIGRATIONS says
 * which. Nothing is changed then. */
NODISCARD enum status commit_apply(const struct poke *pokes, uint32_t count,
                                   struct migration_list *migrations, bool backwards,
                                   uint64_t limit_tsc, struct commit_times *out_times);

/* Ends a park whose task was made to leave in the middle of it: the CPUs that it still holds go
 * on. Task context; no commit is under way. */
void commit_let_go(void);

/* Tells the closure where the local APIC's registers are. Once, before the first commit. */
void commit_start(volatile void *lapic_registers);

/* Called by the cell entry for vector 0xf0, interrupts off. */
void park_handler(struct trap_frame *frame);

#endif
