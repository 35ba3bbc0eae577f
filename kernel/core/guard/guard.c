/* The guard of a trial: takes a swap back from NMI or fault context.
 * SPDX-License-Identifier: MIT
 */
#include <core/guard/guard.h>

#include <core/commit/apply.h>
#include <lib/base/evolve.h>
#include <task/task/task.h>

#include "record.h"
#include "settle.h"

enum {
    LAPIC_IN_SERVICE = 0x100, /* a bit for each vector, 32 in a register */
    LAPIC_IN_SERVICE_END = 0x180,
    LAPIC_IN_SERVICE_STEP = 0x10,
    LAPIC_ICR_LOW = 0x300,
    LAPIC_ICR_HIGH = 0x310,
    ICR_PENDING = 0x1000,
};

static struct guard_record guard = {.version = RECORD_VERSION};
EVOLVE_SCRATCH(guard);

static volatile uint8_t *lapic; /* [I] */

void guard_start(volatile void *lapic_registers)
{
    lapic = lapic_registers;
}

void guard_send(uint32_t apic_id, uint32_t command)
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

/* An interrupt that this CPU has accepted and that has not come to where it counts as one. Only its handler ends it at the
 * controller; until then none of its kind comes again. */
static bool is_at_the_door(const struct trap_frame *frame)
{
    uint32_t in_service = 0;
    if (frame->rflags & RFLAGS_INTERRUPTS || cpu_in_interrupt())
        return false;
    for (uint32_t at = LAPIC_IN_SERVICE; at < LAPIC_IN_SERVICE_END;
         at += LAPIC_IN_SERVICE_STEP)
        in_service |= *(volatile uint32_t *)(lapic + at);
    return in_service != 0;
}

bool record_make_leave(struct trap_frame *frame)
{
    return is_at_the_door(frame) || task_abandon_frame(frame);
}

bool record_is_known(void)
{
    return guard.version == RECORD_VERSION;
}

void record_arm(struct guard_record *g, const struct poke *pokes, uint32_t count,
                uint32_t late_count, struct migration_list *migrations,
                const struct guard_limits *limits)
{
    uint64_t now = closure_tsc();
    g->pokes = pokes;
    g->count = count;
    g->late_count = late_count;
    g->migrations = migrations;
    migrations->stage = MIGRATION_PLANNED;
    g->limits = *limits;
    g->armed_tsc = now;
    g->stuck_cpu = 0;
    g->withdrew = false;
    g->postponed = 0;
    g->silent_nmis = 0;
    g->silent_since = now;
    g->verdict.cause = GUARD_NONE;
    g->asked = 0;
    for (uint32_t i = 0; i < CPU_MAX; i++) {
        g->beat[i] = UINT64_MAX;
        g->beat_tsc[i] = now;
    }
    __atomic_store_n(&g->state, ARMED, __ATOMIC_SEQ_CST);
}

void guard_arm(const struct poke *pokes, uint32_t count, uint32_t late_count,
               struct migration_list *migrations, const struct guard_limits *limits)
{
    record_arm(&guard, pokes, count, late_count, migrations, limits);
}

void record_disarm(struct guard_record *g, struct guard_verdict *out)
{
    uint32_t expected = ARMED;
    if (!__atomic_compare_exchange_n(&g->state, &expected, IDLE, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST)) {
        while (__atomic_load_n(&g->state, __ATOMIC_ACQUIRE) == REVERTING)
            closure_pause();
        __atomic_store_n(&g->state, IDLE, __ATOMIC_SEQ_CST);
    }
    *out = g->verdict;
    g->pokes = NULL; /* what lies there next is nothing that the guard refers to */
    g->count = 0;
    g->late_count = 0;
    g->migrations = NULL;
}

void guard_disarm(struct guard_verdict *out)
{
    record_disarm(&guard, out);
}

void guard_extend(uint64_t tsc)
{
    guard.limits.overdue_tsc += tsc;
}

void guard_beat(void)
{
    __atomic_add_fetch(&guard.beats, 1, __ATOMIC_SEQ_CST);
}

enum guard_cause guard_reverted_because(void)
{
    return guard_reverted() ? guard.verdict.cause : GUARD_NONE;
}

void guard_abandon(unsigned cpu, const struct task *task)
{
    const struct cpu_block *block = cpu_block_at(cpu);
    __atomic_store_n(&guard.abandon_task, task, __ATOMIC_SEQ_CST);
    __atomic_store_n(&guard.abandon_cpu, cpu + 1, __ATOMIC_SEQ_CST);
    if (block)
        guard_send(block->apic_id, GUARD_ICR_NMI);
}

enum status guard_hand_over(struct migration_list *late)
{
    return record_hand_over(&guard, late);
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

bool guard_fault(struct trap_frame *frame)
{
    cpu_here()->fault_frame =
        0; /* from here on, a fault of the handler is its own affair */
    return record_fault(&guard, frame);
}

bool guard_nested(struct trap_frame *frame)
{
    if (!record_fault(&guard, frame))
        return false;
    if (cpu_here()->locks_held != cpu_here()->fault_locks)
        guard_reset("what handles faults was on trial, and faulted with a lock held",
                    frame);
    return true;
}

void guard_take_back(void)
{
    record_wish(&guard);
}

void guard_nmi(struct trap_frame *frame)
{
    record_nmi(&guard, frame);
}

void guard_park(struct trap_frame *frame)
{
    uint32_t ticket = __atomic_load_n(&guard.holding, __ATOMIC_ACQUIRE);
    if (ticket && __atomic_load_n(&guard.state, __ATOMIC_ACQUIRE) == REVERTING)
        record_hold(&guard, frame, cpu_here(), ticket);
}
