/* What an NMI and a fault mean to a trial: whether a CPU is stuck, and who takes the swap back.
 * SPDX-License-Identifier: MIT
 */
#include "record.h"

#include <core/commit/apply.h>

#include "settle.h"

enum { SILENT_NMIS = 30, POSTPONED_MAX = 20, PAGE_FAULT = 14 };

/* Elements were moved: the swap task has to take it back. */
static bool must_ask(const struct guard_record *g)
{
    const struct migration_list *m = __atomic_load_n(&g->migrations, __ATOMIC_ACQUIRE);
    return __atomic_load_n(&g->state, __ATOMIC_ACQUIRE) == ARMED && m && m->walked &&
           __atomic_load_n(&m->stage, __ATOMIC_ACQUIRE) == MIGRATION_STORED;
}

static void ask(struct guard_record *g, const struct guard_verdict *why)
{
    if (g->verdict.cause != GUARD_NONE)
        return;
    g->verdict = *why;
    __atomic_store_n(&g->asked, 1, __ATOMIC_SEQ_CST);
}

bool record_fault(struct guard_record *g, struct trap_frame *frame)
{
    struct cpu_block *self = cpu_here();
    struct guard_verdict why = {.cause = GUARD_FAULT,
                                .cpu = self->index,
                                .vector = frame->vector,
                                .rip = frame->rip};
    if (frame->vector == PAGE_FAULT)
        __asm__ volatile("movq %%cr2, %0" : "=r"(why.address));
    if (must_ask(g)) {
        ask(g, &why);
        return false;
    }
    uint32_t state;
    bool mine;
    settle_waits(self, true);
    do { /* who holds the others may also be at a handover that has to be tried again */
        closure_pause();
        mine = record_begin_revert(g, self);
        state = __atomic_load_n(&g->state, __ATOMIC_ACQUIRE);
    } while (!mine && state != IDLE && state != REVERTED);
    settle_waits(self, false);
    if (!mine)
        return state == REVERTED;
    g->verdict = why;
    record_revert(g, self);
    if (cpu_in_interrupt()) /* the handler is given up; what it interrupted is not the fault's */
        record_leave_withdrawn(g, frame);
    return true;
}

void record_wish(struct guard_record *g)
{
    uint64_t flags = interrupts_off();
    struct cpu_block *self = cpu_here();
    if (record_begin_revert(g, self)) {
        g->verdict = (struct guard_verdict){.cause = GUARD_WISHED, .cpu = self->index};
        record_revert(g, self);
    }
    interrupts_restore(flags);
}

/* In an interrupt, or held by a park, a CPU is not idle, even if it was. */
static bool is_idle(const struct cpu_block *b)
{
    return __atomic_load_n(&b->idle, __ATOMIC_ACQUIRE) &&
           !__atomic_load_n(&b->interrupt_depth, __ATOMIC_ACQUIRE);
}

/* Data are taken back between two things that this CPU does, not in the middle of one; the next NMI comes soon. */
static bool is_in_the_middle(struct guard_record *g, const struct trap_frame *frame,
                             uint32_t stuck, const struct cpu_block *self)
{
    const struct migration_list *m = __atomic_load_n(&g->migrations, __ATOMIC_ACQUIRE);
    return m && m->withdrawal.text_count && stuck != self->index + 1 &&
           !(frame->rflags & RFLAGS_INTERRUPTS) && g->postponed++ < POSTPONED_MAX;
}

static bool is_half_stored(const struct poke *pokes, uint32_t count)
{
    return pokes_drift(pokes, count, false) && pokes_drift(pokes, count, true);
}

/* A commit is between its first store and its last. On a busy host that alone can take as long as a CPU may be stuck, and half a
 * journal cannot be taken back. It comes to an end; a later NMI finds it whole. */
static bool is_being_stored(struct guard_record *g)
{
    return is_half_stored(g->pokes, g->count) && g->postponed++ < POSTPONED_MAX;
}

/* CPU I is stuck; it may wait for the lock that another holds, who would then be made to leave in its place. A call that can
 * begin again takes microseconds: whoever was in one without a beat since the last NMI does not come out of it. */
static uint32_t who_is_to_blame(const struct guard_record *g, uint32_t i)
{
    for (uint32_t j = 0; j < CPU_MAX; j++) {
        const struct cpu_block *b = cpu_block_at(j);
        if (b && __atomic_load_n(&b->online, __ATOMIC_ACQUIRE) &&
            __atomic_load_n(&b->again, __ATOMIC_ACQUIRE) &&
            __atomic_load_n(&b->heartbeat, __ATOMIC_ACQUIRE) == g->beat[j])
            return j + 1;
    }
    return i + 1;
}

/* Gives the number plus one of a CPU that is stuck, or 0. */
static uint32_t find_stuck(struct guard_record *g, uint64_t now)
{
    for (uint32_t i = 0; i < CPU_MAX; i++) {
        const struct cpu_block *b = cpu_block_at(i);
        if (!b || !__atomic_load_n(&b->online, __ATOMIC_ACQUIRE))
            continue;
        uint64_t beat = __atomic_load_n(&b->heartbeat, __ATOMIC_ACQUIRE);
        if (beat != g->beat[i] || is_idle(b)) {
            g->beat[i] = beat;
            g->beat_tsc[i] = now;
        } else if (record_is_past(now, g->beat_tsc[i], g->limits.stuck_tsc)) {
            return who_is_to_blame(g, i);
        }
    }
    return 0;
}

/* Says whether the watcher came to nothing for too long, also in NMIs: a host that stands gives it no time either. */
static bool is_silent(struct guard_record *g, const struct cpu_block *self, uint64_t now)
{
    uint32_t beats = __atomic_load_n(&g->beats, __ATOMIC_ACQUIRE);
    if (self->index != 0 || !g->limits.silent_tsc)
        return false;
    if (beats != g->beats_seen) {
        g->beats_seen = beats;
        g->silent_nmis = 0;
        g->silent_since = now;
    }
    return ++g->silent_nmis > SILENT_NMIS &&
           record_is_past(now, g->silent_since, g->limits.silent_tsc);
}

/* The task, not the handler of an interrupt that it was stopped for: that comes to its end, and others wait for what it does. */
static void leave_task(struct trap_frame *frame)
{
    if (!cpu_in_interrupt())
        (void)record_make_leave(frame);
}

/* Makes the watcher leave what it is in, if it runs and holds no lock just now; else the next NMI tries again. */
static void free_watcher(struct guard_record *g, struct trap_frame *frame,
                         const struct cpu_block *self)
{
    for (uint32_t i = 0; i < CPU_MAX; i++) {
        const struct cpu_block *b = cpu_block_at(i);
        if (!b || !__atomic_load_n(&b->online, __ATOMIC_ACQUIRE) ||
            __atomic_load_n(&b->current, __ATOMIC_ACQUIRE) != g->limits.watcher)
            continue;
        if (b == self) {
            leave_task(frame);
            return;
        }
        __atomic_store_n(&g->abandon_task, g->limits.watcher, __ATOMIC_SEQ_CST);
        __atomic_store_n(&g->abandon_cpu, i + 1, __ATOMIC_SEQ_CST);
        guard_send(b->apic_id, GUARD_ICR_NMI);
        return;
    }
}

/* Makes CPU number STUCK minus one leave what it is stuck in. */
static void free_stuck(struct guard_record *g, struct trap_frame *frame,
                       struct cpu_block *self, uint32_t stuck)
{
    __atomic_store_n(&g->stuck_cpu, stuck, __ATOMIC_SEQ_CST);
    if (stuck == self->index + 1)
        record_leave(g, frame, self);
    else
        guard_send(cpu_block_at(stuck - 1)->apic_id, GUARD_ICR_NMI);
}

static void watch(struct guard_record *g, struct trap_frame *frame, struct cpu_block *self)
{
    uint64_t now = closure_tsc();
    uint32_t stuck = find_stuck(g, now);
    bool overdue = record_is_past(now, g->armed_tsc, g->limits.overdue_tsc);
    bool silent = is_silent(g, self, now) && !stuck;
    struct guard_verdict why = {.cause = silent  ? GUARD_SILENT
                                         : stuck ? GUARD_STUCK
                                                 : GUARD_OVERDUE,
                                .cpu = stuck ? stuck - 1 : self->index,
                                .rip = frame->rip};
    if (silent && self->current != g->limits.watcher)
        why.rip = 0; /* record_hold() may know better */
    if ((!stuck && !overdue && !silent) || is_in_the_middle(g, frame, stuck, self) ||
        is_being_stored(g))
        return;
    if (must_ask(g)) {
        ask(g, &why);
        if (overdue)
            guard_reset("a trial that moved objects was never ended", NULL);
        if (stuck)
            free_stuck(g, frame, self, stuck);
        else
            free_watcher(g, frame, self);
        return;
    }
    if (!record_begin_revert(g, self))
        return;
    g->verdict = why;
    __atomic_store_n(&g->stuck_cpu, stuck, __ATOMIC_SEQ_CST);
    record_revert(g, self);
    record_leave_withdrawn(g, frame);
    record_leave(g, frame, self);
}

/* The revert freed one CPU; others may be stuck in the same text, or the watcher may still be in it. They are made to leave
 * one by one, until guard_disarm(). */
static void watch_after(struct guard_record *g, struct trap_frame *frame,
                        struct cpu_block *self)
{
    uint32_t stuck = find_stuck(g, closure_tsc());
    if (stuck)
        free_stuck(g, frame, self, stuck);
    else if (g->verdict.cause == GUARD_SILENT &&
             __atomic_load_n(&g->beats, __ATOMIC_ACQUIRE) == g->beats_seen)
        free_watcher(g, frame, self);
}

/* The timer's NMI also reaches a CPU that reverts because of a fault: that one goes on, or it
 * would wait for itself. */
static bool is_reverter(const struct guard_record *g, const struct cpu_block *self)
{
    return __atomic_load_n(&g->reverter, __ATOMIC_ACQUIRE) == self->index + 1;
}

void record_nmi(struct guard_record *g, struct trap_frame *frame)
{
    struct cpu_block *self = cpu_here();
    uint32_t ticket = __atomic_load_n(&g->holding, __ATOMIC_ACQUIRE);
    uint32_t abandon = self->index + 1;
    if (__atomic_compare_exchange_n(&g->abandon_cpu, &abandon, 0, false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST) &&
        self->current == __atomic_load_n(&g->abandon_task, __ATOMIC_ACQUIRE))
        leave_task(frame);
    uint32_t state = __atomic_load_n(&g->state, __ATOMIC_ACQUIRE);
    if (ticket && state == REVERTING) {
        if (!is_reverter(g, self))
            record_hold(g, frame, self, ticket);
    } else if (state == ARMED) {
        record_leave(g, frame, self);
        watch(g, frame, self);
    } else if (state == REVERTED) {
        record_leave(g, frame, self);
        if (self->index == 0)
            watch_after(g, frame, self);
    }
}
