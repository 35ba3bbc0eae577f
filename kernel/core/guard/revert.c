/* Takes back what is on trial, with all other CPUs held.
 * SPDX-License-Identifier: MIT
 */
#include "record.h"

#include <core/commit/apply.h>
#include <core/commit/transfer.h>
#include <core/commit/withdraw.h>
#include <task/task/task.h>

#include "settle.h"

enum { RESET_PORT = 0xcf9, RESET_HARD = 6 };
enum { COM1 = 0x3f8, COM1_STATUS = COM1 + 5, COM1_EMPTY = 0x20, COM1_POLLS = 100000 };

/* How long the others may take to come when called by NMI, in polls; and which part of the time after which a CPU is
 * stuck they have to finish what they do with interrupts off. */
enum { HOLD_POLLS = 20000000, SETTLE_SHARE = 2 };

/* The last words: the console belongs to other cells, and a CPU may hold its lock. */
static void say(const char *text)
{
    for (; *text; text++) {
        for (uint32_t i = 0; i < COM1_POLLS && !(io_in8(COM1_STATUS) & COM1_EMPTY); i++)
            closure_pause();
        io_out8(COM1, (uint8_t)*text);
    }
}

static void say_hex(uint64_t value)
{
    char text[17];
    for (int i = 16; i-- > 0; value >>= 4)
        text[i] = (char)((value & 15) < 10 ? '0' + (value & 15) : 'a' + (value & 15) - 10);
    text[16] = 0;
    say(text);
}

void guard_reset(const char *why, const struct trap_frame *frame)
{
    say("\r\nguard: ");
    say(why);
    if (frame) {
        say(", at ");
        say_hex(frame->rip);
    }
    say(": the machine resets\r\n");
    for (;;) {
        io_out8(RESET_PORT, RESET_HARD);
        closure_pause();
    }
}

bool record_hold_others(struct guard_record *g, const struct cpu_block *self)
{
    uint32_t count = 0;
    g->last_ticket = g->last_ticket + 1 ? g->last_ticket + 1 : 1;
    if (!g->alone)
        settle_begin();
    __atomic_store_n(&g->arrived, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&g->holding, g->last_ticket, __ATOMIC_SEQ_CST);
    for (uint32_t i = 0; i < CPU_MAX && !g->alone; i++) {
        const struct cpu_block *b = cpu_block_at(i);
        if (!b || b == self || !__atomic_load_n(&b->online, __ATOMIC_ACQUIRE))
            continue;
        guard_send(b->apic_id, GUARD_ICR_NMI);
        count++;
    }
    for (uint32_t polls = 0; polls < HOLD_POLLS; polls++) {
        if (__atomic_load_n(&g->arrived, __ATOMIC_ACQUIRE) >= count)
            return true;
        closure_pause();
    }
    return false;
}

void record_leave_withdrawn(struct guard_record *g, struct trap_frame *frame)
{
    const struct migration_list *m = __atomic_load_n(&g->migrations, __ATOMIC_ACQUIRE);
    if (g->withdrew && m &&
        task_leave_frame(frame, m->withdrawal.texts, m->withdrawal.text_count))
        __atomic_add_fetch(&g->verdict.restarted, 1, __ATOMIC_SEQ_CST);
}

void record_leave(struct guard_record *g, struct trap_frame *frame,
                  const struct cpu_block *self)
{
    uint32_t here = self->index + 1;
    if (!__atomic_compare_exchange_n(&g->stuck_cpu, &here, 0, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST))
        return;
    uint64_t now = closure_tsc();
    bool stuck = record_is_past(now, g->beat_tsc[self->index], g->limits.stuck_tsc);
    bool left = stuck ? task_abandon_frame(frame) : record_make_leave(frame);
    g->beat_tsc[self->index] = now;
    /* Others may wait for the lock that it gives back soon. */
    for (uint32_t i = 0; i < CPU_MAX && left && self->locks_held; i++)
        g->beat_tsc[i] = now;
    if (!left && stuck)
        guard_reset("a CPU is stuck in the version on trial, with a lock held or no "
                    "task to abandon",
                    frame);
}

/* The journal was stored wholly or, if the guard was armed before its first store, not at all. */
static bool is_whole(const struct poke *pokes, uint32_t count)
{
    return !pokes_drift(pokes, count, false) || !pokes_drift(pokes, count, true);
}

/* All of it, with the values that it brought into their new forms. */
static void take_back(struct guard_record *g)
{
    const struct withdrawal *w = &g->migrations->withdrawal;
    bool untouched = !pokes_drift(g->pokes, g->count, false);
    g->withdrew = !untouched && w->text_count;
    if (g->withdrew) {
        task_leave_objects(w->objects, w->object_count);
        g->verdict.restarted = task_leave_texts(w->texts, w->text_count);
    }
    migrations_take_back(g->migrations);
    if (!untouched)
        pokes_store(g->pokes, g->count, true);
    if (g->withdrew)
        texts_withdraw(w, 0);
    if (untouched)
        __atomic_store_n(&g->migrations->stage, MIGRATION_WITHDRAWN, __ATOMIC_SEQ_CST);
}

void record_revert(struct guard_record *g, struct cpu_block *self)
{
    (void)record_hold_others(g, self); /* who does not come by NMI will never run again */
    if (g->migrations->withdrawal.text_count)
        settle(self, g->stuck_cpu, g->limits.stuck_tsc / SETTLE_SHARE);
    g->verdict.restored = is_whole(g->pokes, g->count);
    if (g->verdict.restored)
        take_back(g);
    __atomic_store_n(&g->state, REVERTED, __ATOMIC_SEQ_CST);
    __atomic_store_n(&g->holding, 0, __ATOMIC_SEQ_CST);
    cpu_serialise();
    if (!g->verdict.restored)
        guard_reset("the version on trial cannot be taken back: a place does not match",
                    NULL);
}

bool record_begin_revert(struct guard_record *g, const struct cpu_block *self)
{
    uint32_t expected = ARMED;
    if (!__atomic_compare_exchange_n(&g->state, &expected, REVERTING, false,
                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        return false;
    __atomic_store_n(&g->reverter, self->index + 1, __ATOMIC_SEQ_CST);
    return true;
}

void record_hold(struct guard_record *g, struct trap_frame *frame, struct cpu_block *self,
                 uint32_t ticket)
{
    if (settle_holds(frame, self))
        return;
    if (g->stuck_cpu == self->index + 1 ||
        (g->verdict.cause == GUARD_SILENT && self->current == g->limits.watcher))
        g->verdict.rip = frame->rip;
    settle_arrive(frame, self);
    __atomic_add_fetch(&g->arrived, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&g->holding, __ATOMIC_ACQUIRE) == ticket) {
        if (settle_goes_on(self))
            return;
        closure_shootdown(self);
        closure_pause();
    }
    cpu_serialise();
    record_leave_withdrawn(g, frame);
    record_leave(g, frame, self);
}
