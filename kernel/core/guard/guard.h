/* The guard of a trial: takes a swap back when the new code faults, sticks or is never confirmed.
 * SPDX-License-Identifier: MIT
 *
 * While a trial lasts, an HPET comparator raises an NMI on the boot processor several times a
 * second; it gets through to a CPU that loops with interrupts off. The NMI looks at every
 * CPU's heartbeat. A revert holds the other CPUs by NMI, wherever they are (a stuck CPU counts
 * as held), stores the journal backwards and lets them go on. The task of a stuck CPU is
 * abandoned if it holds no lock, else the machine is reset and boots the last permanent
 * release; why it resets goes straight to the first serial line. What the namespace says is mended afterwards by the swap task.
 * Tasks inside the version that goes finish there: its calls into its own set are direct and not in the journal, so new
 * text goes on to call new text, also of coupled cells; a revert that is asked for drains them first (evolve/drain.h).
 * If data go back to an old form, no new text of the cells that have them may go on: the CPUs are held where they might
 * have been preempted (settle.h), tasks with frames in that text begin their step again, and the text is filled
 * with INT3 (commit/withdraw.h, plan/withdraw.c) for whoever comes to it all the same (stale.h).
 * A trial of the guard itself is watched by the old version: when the trial is over, the old one stores what leads to
 * the new one (plan.h, late) and ends its watch in one moment, with every other CPU held by NMI: the handover. So there is
 * none that would have to be taken back, and it needs nothing that was on trial.
 * Any fault in any cell during a trial reverts: guard_fault() is the fault cell's first call, but for those that tell
 * faults which are none; a fault in these comes by guard_nested().
 * Source: design 4 (trial), IA-PC HPET 1.0a, Intel SDM 3 chapter 6.7 (NMI).
 *
 * States: IDLE → ARMED (guard_arm) → IDLE (guard_disarm, guard_hand_over) or REVERTED (guard_revert, from fault
 * or NMI) → IDLE (guard_disarm). Between ARMED and the next one CPU is in charge and holds the others.
 */
#ifndef NEURATH_CORE_GUARD_H
#define NEURATH_CORE_GUARD_H

#include <core/plan/plan.h>
#include <task/entry/entry.h>

struct task;

enum guard_cause {
    GUARD_NONE,
    GUARD_FAULT,   /* an exception */
    GUARD_STUCK,   /* a CPU ran with interrupts off for too long */
    GUARD_OVERDUE, /* nobody ended the trial in time */
    GUARD_WISHED,  /* guard_take_back() */
    GUARD_SILENT,  /* the task that watches the trial came to nothing any more */
};

struct guard_verdict {
    enum guard_cause cause;
    uint32_t cpu;
    uint64_t vector;
    uint64_t rip;
    uint64_t address; /* CR2 of a page fault */
    bool restored; /* false: a place did not match, so the journal could not be taken back */
    uint32_t restarted; /* tasks that were in withdrawn text */
};

struct guard_limits {
    uint64_t stuck_tsc;   /* a CPU that neither idles nor beats for longer is stuck */
    uint64_t overdue_tsc; /* the trial must have been disarmed by then */
    uint64_t silent_tsc;  /* guard_beat() comes more often; 0: nobody calls it */
    const struct task *watcher; /* who calls it; NULL: nobody */
};

/* Begins to watch. POKES, COUNT of the commit and behind them LATE_COUNT of the handover, and
 * MIGRATIONS stay valid until guard_disarm() or guard_hand_over(). Task context. */
void guard_arm(const struct poke *pokes, uint32_t count, uint32_t late_count,
               struct migration_list *migrations, const struct guard_limits *limits);
/* Ends the watch. Gives the verdict: cause GUARD_NONE if nothing happened. Afterwards the guard
 * will not revert. Task context. */
void guard_disarm(struct guard_verdict *out);
/* Ends the watch, and in the same moment makes the late stores and those of LATE: from then on the successor watches.
 * STATUS_TIMEOUT: a CPU did not come to be held; STATUS_BUSY: the guard has reverted, or asked to; STATUS_INVALID: a place
 * does not match; STATUS_DENIED: a value has no place in its new form. Nothing is changed then, and the watch goes on. Task
 * context. */
NODISCARD enum status guard_hand_over(struct migration_list *late);
/* Says whether the guard has reverted what it watched. Any context. */
bool guard_reverted(void);
/* Of a swap that has moved elements of the heap only the owner's walk can tell what the new code made of them. So the
 * guard stops what is stuck and asks: true, and why, when the swap is to be taken back. If nobody ends the trial then, the
 * machine is reset. Any context. */
bool guard_asked(struct guard_verdict *out);
/* Takes back the swap on trial without the commit cell, which may be what is on trial. Then
 * guard_reverted() holds, unless there is no trial. Task context. */
void guard_take_back(void);
/* The hook of a new version of this cell, still watched by the old one: carries out mock trials
 * of two words. STATUS_INVALID: it does not work, or does not understand the record. Interrupts
 * off. */
enum status guard_evolved(uint32_t from);

/* The watcher is alive: it watches the trial, and goes on when the guard has acted. If it is not any more, the guard takes
 * the swap back, and makes it leave what it is in. Task context. */
void guard_beat(void);
/* Why the guard has reverted; GUARD_NONE if it has not. Any context. */
enum guard_cause guard_reverted_because(void);

/* Moves the moment at which an unconfirmed trial is overdue by TSC ticks. */
void guard_extend(uint64_t tsc);
/* Makes CPU leave TASK, if that still runs there, holds no lock and is in no interrupt: by NMI, because the task
 * does not come out of its step by itself. To be tried again until task_restarts() says that it has. */
void guard_abandon(unsigned cpu, const struct task *task);

/* Takes back the swap on trial, if there is one. True: it was taken back (by this call or on
 * another CPU just before), and the fault counts as cured. For the fault cell; interrupts off. */
bool guard_fault(struct trap_frame *frame);
/* Called by the cell entry: what handles faults has faulted at FRAME before it called guard_fault(). True: the swap on
 * trial was taken back, and its old version may handle the first fault. Resets the machine if it has taken a lock since
 * the first fault, for its holder's frames are given up. */
bool guard_nested(struct trap_frame *frame);
/* Called by the cell entry for each NMI. */
void guard_nmi(struct trap_frame *frame);

/* Called by the park for an interrupt that is not its own: the guard may have called this CPU (settle.h). */
void guard_park(struct trap_frame *frame);

/* Tells where the local APIC's registers are. Once, before the first trial. */
void guard_start(volatile void *lapic_registers);

#endif
