/* What the guard knows of one trial, and what it does with it. Private to the guard.
 * SPDX-License-Identifier: MIT
 *
 * guard.c has the one record of the trial that runs; rehearse.c has one of its own, with which a new version shows that the
 * same functions work. [a] fields are read or written by several CPUs at once. All functions but record_arm(),
 * record_disarm() and record_wish() are for NMI or fault context, interrupts off.
 */
#ifndef NEURATH_CORE_GUARD_RECORD_H
#define NEURATH_CORE_GUARD_RECORD_H

#include <core/guard/guard.h>
#include <task/cpu/cpu.h>

enum guard_state { IDLE, ARMED, REVERTING, REVERTED };
enum { RFLAGS_INTERRUPTS = 0x200 };

/* Versions of the guard work on one record, each on trials of its own; VERSION counts the meanings of a form. With another
 * form each has its own (EVOLVE_SCRATCH). */
enum { RECORD_VERSION = 1 };

struct guard_record {
    uint32_t version;
    uint32_t state;   /* [a] enum guard_state */
    uint32_t holding; /* [a] ticket of the revert in force */
    uint32_t arrived; /* [a] */
    uint32_t last_ticket;
    uint32_t reverter;               /* plus one; the CPU that carries out the revert */
    uint32_t abandon_cpu;            /* [a] plus one; asked by guard_abandon() */
    const struct task *abandon_task; /* [a] */
    uint32_t stuck_cpu;              /* plus one; its task is abandoned on the way out */
    const struct poke *pokes;
    uint32_t count; /* of the commit */
    uint32_t late_count; /* behind them: of the handover, which has not been while there is a watch */
    struct migration_list *migrations;
    bool withdrew;      /* the revert has withdrawn new text */
    uint32_t postponed; /* NMIs at which this CPU was in the middle of something */
    uint64_t armed_tsc;
    uint32_t beats; /* [a] of the watcher */
    uint32_t beats_seen;
    uint32_t silent_nmis; /* of the boot processor since the last one was seen, ... */
    uint64_t silent_since;
    struct guard_limits limits;
    uint64_t beat[CPU_MAX];
    uint64_t beat_tsc[CPU_MAX];
    struct guard_verdict verdict;
    uint32_t asked; /* [a] the verdict is a wish: guard_asked() */
    bool alone;     /* of a rehearsal: holds nobody */
};

/* Two CPUs may watch at the same time, after NMIs of different origin: what one of them noted can be later than the
 * other's NOW. */
static inline bool record_is_past(uint64_t now, uint64_t since, uint64_t limit)
{
    return now > since && now - since > limit;
}

/* Says whether the record of the trial that runs is of the form and meaning that this version knows. */
bool record_is_known(void);
/* guard_arm() and guard_disarm() of G. */
void record_arm(struct guard_record *g, const struct poke *pokes, uint32_t count,
                uint32_t late_count, struct migration_list *migrations,
                const struct guard_limits *limits);
void record_disarm(struct guard_record *g, struct guard_verdict *out);

/* ---- handover.c ---------------------------------------------------------------------------- */

/* guard_hand_over() of G. */
enum status record_hand_over(struct guard_record *g, struct migration_list *late);

/* ---- watch.c: what an NMI and a fault mean -------------------------------------------------- */

/* guard_nmi(), guard_fault() and guard_take_back() of G. */
void record_nmi(struct guard_record *g, struct trap_frame *frame);
bool record_fault(struct guard_record *g, struct trap_frame *frame);
void record_wish(struct guard_record *g);

/* ---- revert.c: taking back, with all other CPUs held ---------------------------------------- */

/* Calls the other CPUs by NMI. False: one of them did not come. They stay until HOLDING is 0. */
bool record_hold_others(struct guard_record *g, const struct cpu_block *self);
/* Only one CPU reverts: true, SELF is it. Another that wants to waits to be held by it. */
bool record_begin_revert(struct guard_record *g, const struct cpu_block *self);
/* Holds the others, takes the swap back and lets them go, after record_begin_revert(). Resets the machine if a place does
 * not match. */
void record_revert(struct guard_record *g, struct cpu_block *self);
/* SELF is held at FRAME until the revert with TICKET is over, and leaves what it has to. */
void record_hold(struct guard_record *g, struct trap_frame *frame, struct cpu_block *self,
                 uint32_t ticket);
/* What a held CPU does when the revert is over; the stuck one leaves what it was stuck in. */
void record_leave(struct guard_record *g, struct trap_frame *frame,
                  const struct cpu_block *self);
/* task_abandon_frame(), of a CPU that is not stuck. When it has just taken an interrupt, that comes first: true, FRAME stays
 * as it is, and another NMI may try again. */
bool record_make_leave(struct trap_frame *frame);
/* Whoever has come through withdrawn text does not go back to it. */
void record_leave_withdrawn(struct guard_record *g, struct trap_frame *frame);
/* Says WHY on the first serial line, and where (FRAME may be NULL), and resets the machine. */
NORETURN void guard_reset(const char *why, const struct trap_frame *frame);

#endif
