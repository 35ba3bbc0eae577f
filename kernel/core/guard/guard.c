/* The guard of a trial: takes a swap back from NMI or fault context.
 * SPDX-License-Identifier: MIT
 */
#include <core/commit/apply.h>
#include <core/commit/transfer.h>
#include <core/commit/withdraw.h>
#include <core/guard/guard.h>

#include "settle.h"

#include <task/task/task.h>

enum {
    LAPIC_ICR_LOW = 0x300,
    LAPIC_ICR_HIGH = 0x310,
    ICR_PENDING = 0x1000,
    POSTPONED_MAX = 20,
    RFLAGS_INTERRUPTS = 0x200,
};
enum { RESET_PORT = 0xcf9, RESET_HARD = 6, PAGE_FAULT = 14 };
enum { COM1 = 0x3f8, COM1_STATUS = COM1 + 5, COM1_EMPTY = 0x20, COM1_POLLS = 100000 };

enum guard_state { IDLE, ARMED, REVERTING, REVERTED };

/* How long the others may take to come when called by NMI, in polls; and which part of the time after which a CPU is
 * stuck they have to finish what they do with interrupts off. */
enum { HOLD_POLLS = 20000000, SETTLE_SHARE = 2 };

static struct {
    uint32_t state;   /* [a] enum guard_state */
    uint32_t holding; /* [a] ticket of the revert in force */
    uint32_t arrived; /* [a] */
    uint32_t last_ticket;
    uint32_t reverter;               /* plus one; the CPU that carries out the revert */
    uint32_t abandon_cpu;            /* [a] plus one; asked by guard_abandon() */
    const struct task *abandon_task; /* [a] */
    uint32_t stuck_cpu;              /* plus one; its task is abandoned on the way out */
    const struct poke *pokes;
    uint32_t count;
    struct migration_list *migrations;
    bool withdrew;      /* the revert has withdrawn new text */
    uint32_t postponed; /* NMIs at which this CPU was in the middle of something */
    uint64_t armed_tsc;
    struct guard_limits limits;
    uint64_t beat[CPU_MAX];
    uint64_t beat_tsc[CPU_MAX];
    struct guard_verdict verdict;
    uint32_t asked;          /* [a] the verdict is a wish: guard_asked() */
    volatile uint8_t *lapic; /* [I] */
} guard;

void guard_start(volatile void *lapic_registers)
{
    guard.lapic = lapic_registers;
}

void guard_send(volatile uint8_t *lapic, uint32_t apic_id, uint32_t command)
{
    volatile uint32_t *low = (volatile uint32_t *)(lapic + LAPIC_ICR_LOW);
    volatile uint32_t *high = (volatile uint32_t *)(lapic + LAPIC_ICR_HIGH);
    /* The code that the NMI interrupted may be between its own two writes: put back the first. */
    uint32_t before = *high;
    while (*low & ICR_PENDING)
        closure_pause();
    *high = apic_id << 24;
    *low = command;
    while (*low & ICR_PENDING)
        closure_pause();
    *high = before;
}

static void send_nmi(uint32_t apic_id)
{
    guard_send(guard.lapic, apic_id, GUARD_ICR_NMI);
}

void guard_arm(const struct poke *pokes, uint32_t count,
               struct migration_list *migrations, const struct guard_limits *limits)
{
    uint64_t now = closure_tsc();
    guard.pokes = pokes;
    guard.count = count;
    guard.migrations = migrations;
    migrations->stage = MIGRATION_PLANNED;
    guard.limits = *limits;
    guard.armed_tsc = now;
    guard.stuck_cpu = 0;
    guard.withdrew = false;
    guard.postponed = 0;
    guard.verdict.cause = GUARD_NONE;
    guard.asked = 0;
    for (uint32_t i = 0; i < CPU_MAX; i++) {
        guard.beat[i] = UINT64_MAX;
        guard.beat_tsc[i] = now;
    }
    __atomic_store_n(&guard.state, ARMED, __ATOMIC_SEQ_CST);
}

void guard_disarm(struct guard_verdict *out)
{
    uint32_t expected = ARMED;
    if (!__atomic_compare_exchange_n(&guard.state, &expected, IDLE, false,
                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        while (__atomic_load_n(&guard.state, __ATOMIC_ACQUIRE) == REVERTING)
            closure_pause();
        __atomic_store_n(&guard.state, IDLE, __ATOMIC_SEQ_CST);
    }
    *out = guard.verdict;
}

void guard_extend(uint64_t tsc)
{
    guard.limits.overdue_tsc += tsc;
}

void guard_abandon(unsigned cpu, const struct task *task)
{
    const struct cpu_block *block = cpu_block_at(cpu);
    __atomic_store_n(&guard.abandon_task, task, __ATOMIC_SEQ_CST);
    __atomic_store_n(&guard.abandon_cpu, cpu + 1, __ATOMIC_SEQ_CST);
    if (block)
        send_nmi(block->apic_id);
}

bool guard_reverted(void)
{
    return __atomic_load_n(&guard.state, __ATOMIC_ACQUIRE) == REVERTED;
}

bool guard_asked(struct guard_verdict *out)
{
    if (!__atomic_load_n(&guard.asked, __ATOMIC_ACQUIRE))
        return false;
    *out = guard.verdict;
    return true;
}

/* Elements were moved: the swap task has to take it back. */
static bool must_ask(void)
{
    return __atomic_load_n(&guard.state, __ATOMIC_ACQUIRE) == ARMED &&
           guard.migrations->walked &&
           __atomic_load_n(&guard.migrations->stage, __ATOMIC_ACQUIRE) == MIGRATION_STORED;
}

static void ask(const struct guard_verdict *why)
{
    if (guard.verdict.cause != GUARD_NONE)
        return;
    guard.verdict = *why;
    __atomic_store_n(&guard.asked, 1, __ATOMIC_SEQ_CST);
}

static void hold_others(const struct cpu_block *self)
{
    uint32_t count = 0;
    guard.last_ticket = guard.last_ticket + 1 ? guard.last_ticket + 1 : 1;
    settle_begin();
    __atomic_store_n(&guard.arrived, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&guard.holding, guard.last_ticket, __ATOMIC_SEQ_CST);
    for (uint32_t i = 0; i < CPU_MAX; i++) {
        const struct cpu_block *b = cpu_block_at(i);
        if (!b || b == self || !__atomic_load_n(&b->online, __ATOMIC_ACQUIRE))
            continue;
        send_nmi(b->apic_id);
        count++;
    }
    for (uint32_t polls = 0; polls < HOLD_POLLS; polls++) {
        if (__atomic_load_n(&guard.arrived, __ATOMIC_ACQUIRE) >= count)
            return;
        closure_pause();
    }
}

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

static void reset_machine(const char *why, const struct trap_frame *frame)
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

/* Whoever has come through withdrawn text does not go back to it. */
static void leave_withdrawn(struct trap_frame *frame)
{
    const struct withdrawal *w = &guard.migrations->withdrawal;
    if (guard.withdrew && task_leave_frame(frame, w->texts, w->text_count))
        __atomic_add_fetch(&guard.verdict.restarted, 1, __ATOMIC_SEQ_CST);
}

/* What a held CPU does when the revert is over; the stuck one leaves what it was stuck in. */
static void leave(struct trap_frame *frame, const struct cpu_block *self)
{
    uint32_t here = self->index + 1;
    if (!__atomic_compare_exchange_n(&guard.stuck_cpu, &here, 0, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST))
        return;
    guard.beat_tsc[self->index] = closure_tsc();
    if (!task_abandon_frame(frame))
        reset_machine("a CPU is stuck in the version on trial, with a lock held or no "
                      "task to abandon",
                      frame);
}

static void revert(struct cpu_block *self)
{
    const struct withdrawal *w = &guard.migrations->withdrawal;
    hold_others(self);
    if (w->text_count)
        settle(self, guard.stuck_cpu, guard.limits.stuck_tsc / SETTLE_SHARE, guard.lapic);
    /* Armed before the commit's first store: then there is nothing to take back. */
    bool untouched = !pokes_drift(guard.pokes, guard.count, false);
    guard.verdict.restored = untouched || !pokes_drift(guard.pokes, guard.count, true);
    guard.withdrew = guard.verdict.restored && !untouched && w->text_count;
    if (guard.withdrew) {
        task_leave_objects(w->objects, w->object_count);
        guard.verdict.restarted = task_leave_texts(w->texts, w->text_count);
    }
    if (guard.verdict.restored) {
        migrations_take_back(guard.migrations);
        if (!untouched)
            pokes_store(guard.pokes, guard.count, true);
        if (guard.withdrew)
            texts_withdraw(w, 0);
        if (untouched)
            __atomic_store_n(&guard.migrations->stage, MIGRATION_WITHDRAWN,
                             __ATOMIC_SEQ_CST);
    }
    __atomic_store_n(&guard.state, REVERTED, __ATOMIC_SEQ_CST);
    __atomic_store_n(&guard.holding, 0, __ATOMIC_SEQ_CST);
    cpu_serialise();
    if (!guard.verdict.restored)
        reset_machine("the version on trial cannot be taken back: a place does not match",
                      NULL);
}

/* Only one CPU reverts; another that wants to waits to be held by it. */
static bool begin_revert(const struct cpu_block *self)
{
    uint32_t expected = ARMED;
    if (!__atomic_compare_exchange_n(&guard.state, &expected, REVERTING, false,
                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        return false;
    __atomic_store_n(&guard.reverter, self->index + 1, __ATOMIC_SEQ_CST);
    return true;
}

bool guard_fault(struct trap_frame *frame)
{
    struct cpu_block *self = cpu_here();
    struct guard_verdict why = {.cause = GUARD_FAULT,
                                .cpu = self->index,
                                .vector = frame->vector,
                                .rip = frame->rip};
    if (frame->vector == PAGE_FAULT)
        __asm__ volatile("movq %%cr2, %0" : "=r"(why.address));
    if (must_ask()) {
        ask(&why);
        return false;
    }
    if (begin_revert(self)) {
        guard.verdict = why;
        revert(self);
        if (cpu_in_interrupt()) /* the handler is given up; what it interrupted is not the fault's */
            leave_withdrawn(frame);
        return true;
    }
    uint32_t state = __atomic_load_n(&guard.state, __ATOMIC_ACQUIRE);
    settle_waits(self, true);
    while (state == REVERTING) {
        closure_pause();
        state = __atomic_load_n(&guard.state, __ATOMIC_ACQUIRE);
    }
    settle_waits(self, false);
    return state == REVERTED;
}

__attribute__((always_inline)) static inline void
hold(struct trap_frame *frame, struct cpu_block *self, uint32_t ticket)
{
    if (settle_holds(frame, self))
        return;
    if (guard.stuck_cpu == self->index + 1)
        guard.verdict.rip = frame->rip;
    settle_arrive(frame, self);
    __atomic_add_fetch(&guard.arrived, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&guard.holding, __ATOMIC_ACQUIRE) == ticket) {
        if (settle_goes_on(self))
            return;
        closure_shootdown(self);
        closure_pause();
    }
    cpu_serialise();
    leave_withdrawn(frame);
    leave(frame, self);
}

/* Data are taken back between two things that this CPU does, not in the middle of one; the next NMI comes soon. */
static bool is_in_the_middle(const struct trap_frame *frame, uint32_t stuck,
                             const struct cpu_block *self)
{
    return guard.migrations->withdrawal.text_count && stuck != self->index + 1 &&
           !(frame->rflags & RFLAGS_INTERRUPTS) && guard.postponed++ < POSTPONED_MAX;
}

/* Two CPUs may watch at the same time, after NMIs of different origin: what one of them noted
 * can be later than the other's NOW. */
static bool is_past(uint64_t now, uint64_t since, uint64_t limit)
{
    return now > since && now - since > limit;
}

/* Gives the number plus one of a CPU that is stuck, or 0. */
static uint32_t find_stuck(uint64_t now)
{
    for (uint32_t i = 0; i < CPU_MAX; i++) {
        const struct cpu_block *b = cpu_block_at(i);
        if (!b || !__atomic_load_n(&b->online, __ATOMIC_ACQUIRE))
            continue;
        uint64_t beat = __atomic_load_n(&b->heartbeat, __ATOMIC_ACQUIRE);
        if (beat != guard.beat[i] || __atomic_load_n(&b->idle, __ATOMIC_ACQUIRE)) {
            guard.beat[i] = beat;
            guard.beat_tsc[i] = now;
        } else if (is_past(now, guard.beat_tsc[i], guard.limits.stuck_tsc)) {
            return i + 1;
        }
    }
    return 0;
}

/* Makes CPU number STUCK minus one leave what it is stuck in. */
static void free_stuck(struct trap_frame *frame, struct cpu_block *self, uint32_t stuck)
{
    __atomic_store_n(&guard.stuck_cpu, stuck, __ATOMIC_SEQ_CST);
    if (stuck == self->index + 1)
        leave(frame, self);
    else
        send_nmi(cpu_block_at(stuck - 1)->apic_id);
}

static void watch(struct trap_frame *frame, struct cpu_block *self)
{
    uint64_t now = closure_tsc();
    uint32_t stuck = find_stuck(now);
    bool overdue = is_past(now, guard.armed_tsc, guard.limits.overdue_tsc);
    struct guard_verdict why = {.cause = stuck ? GUARD_STUCK : GUARD_OVERDUE,
                                .cpu = stuck ? stuck - 1 : self->index,
                                .rip = frame->rip};
    if ((!stuck && !overdue) || is_in_the_middle(frame, stuck, self))
        return;
    if (must_ask()) {
        ask(&why);
        if (overdue)
            reset_machine("a trial that moved objects was never ended", NULL);
        free_stuck(frame, self, stuck);
        return;
    }
    if (!begin_revert(self))
        return;
    guard.verdict = why;
    __atomic_store_n(&guard.stuck_cpu, stuck, __ATOMIC_SEQ_CST);
    revert(self);
    leave_withdrawn(frame);
    leave(frame, self);
}

/* The revert freed one CPU; others may be stuck in the same text. They are made to leave one
 * by one, until guard_disarm(). */
static void watch_after(struct trap_frame *frame, struct cpu_block *self)
{
    uint32_t stuck = find_stuck(closure_tsc());
    if (stuck)
        free_stuck(frame, self, stuck);
}

/* The timer's NMI also reaches a CPU that reverts because of a fault: that one goes on, or it
 * would wait for itself. */
static bool is_reverter(const struct cpu_block *self)
{
    return __atomic_load_n(&guard.reverter, __ATOMIC_ACQUIRE) == self->index + 1;
}

void guard_nmi(struct trap_frame *frame)
{
    struct cpu_block *self = cpu_here();
    uint32_t ticket = __atomic_load_n(&guard.holding, __ATOMIC_ACQUIRE);
    uint32_t abandon = self->index + 1;
    if (__atomic_compare_exchange_n(&guard.abandon_cpu, &abandon, 0, false,
                                    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) &&
        self->current == __atomic_load_n(&guard.abandon_task, __ATOMIC_ACQUIRE))
        (void)task_abandon_frame(frame);
    if (ticket && __atomic_load_n(&guard.state, __ATOMIC_ACQUIRE) == REVERTING) {
        if (!is_reverter(self))
            hold(frame, self, ticket);
    } else if (__atomic_load_n(&guard.state, __ATOMIC_ACQUIRE) == ARMED) {
        leave(frame, self);
        watch(frame, self);
    } else if (__atomic_load_n(&guard.state, __ATOMIC_ACQUIRE) == REVERTED) {
        leave(frame, self);
        if (self->index == 0)
            watch_after(frame, self);
    }
}

void guard_park(struct trap_frame *frame)
{
    uint32_t ticket = __atomic_load_n(&guard.holding, __ATOMIC_ACQUIRE);
    if (ticket && __atomic_load_n(&guard.state, __ATOMIC_ACQUIRE) == REVERTING)
        hold(frame, cpu_here(), ticket);
}
