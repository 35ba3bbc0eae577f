/* Holds CPUs only where they might have been preempted, or are stuck.
 * SPDX-License-Identifier: MIT
 */
#include "settle.h"

#include <core/commit/apply.h>
#include <lib/base/evolve.h>

enum {
    RFLAGS_INTERRUPTS = 0x200,
    COME_POLLS = 20000000, /* how long a CPU may take to come when called by NMI */
    ICR_PARK = 0x4000 | VECTOR_PARK,
};

/* Sets of CPUs: bit N is CPU N. All [a]. */
static struct {
    uint32_t held;
    uint32_t busy; /* held with interrupts off */
    uint32_t let_go;
    uint32_t waiting;
    uint32_t called; /* to come by an interrupt: an NMI more does not hold them */
} settling;
EVOLVE_SCRATCH(settling);

static uint32_t bit_of(const struct cpu_block *cpu)
{
    return 1u << cpu->index;
}

static uint32_t get(const uint32_t *set)
{
    return __atomic_load_n(set, __ATOMIC_SEQ_CST);
}

static void put(uint32_t *set, uint32_t bits, bool in)
{
    if (in)
        __atomic_or_fetch(set, bits, __ATOMIC_SEQ_CST);
    else
        __atomic_and_fetch(set, ~bits, __ATOMIC_SEQ_CST);
}

void settle_begin(void)
{
    __atomic_store_n(&settling.held, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&settling.busy, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&settling.let_go, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&settling.called, 0, __ATOMIC_SEQ_CST);
}

void settle_arrive(const struct trap_frame *frame, const struct cpu_block *self)
{
    put(&settling.busy, bit_of(self), !(frame->rflags & RFLAGS_INTERRUPTS));
    put(&settling.held, bit_of(self), true);
}

bool settle_goes_on(const struct cpu_block *self)
{
    if (!(get(&settling.let_go) & bit_of(self)))
        return false;
    put(&settling.held, bit_of(self), false);
    put(&settling.let_go, bit_of(self), false);
    return true;
}

bool settle_holds(const struct trap_frame *frame, const struct cpu_block *self)
{
    bool later =
        !(frame->rflags & RFLAGS_INTERRUPTS) && get(&settling.called) & bit_of(self);
    return later || get(&settling.held) & bit_of(self);
}

void settle_waits(const struct cpu_block *self, bool waits)
{
    put(&settling.waiting, bit_of(self), waits);
}

/* Who was let go may wait for SELF to forget a translation. */
static void poll(struct cpu_block *self)
{
    closure_shootdown(self);
    closure_pause();
}

static void call(uint32_t cpus, uint32_t command)
{
    for (uint32_t i = 0; i < CPU_MAX; i++)
        if (cpus >> i & 1)
            guard_send(cpu_block_at(i)->apic_id, command);
}

void settle(struct cpu_block *self, uint32_t stuck, uint64_t limit_tsc)
{
    uint64_t begin = closure_tsc();
    uint32_t hopeless = stuck ? 1u << (stuck - 1) : 0;
    uint32_t busy =
        get(&settling.held) & get(&settling.busy) & ~hopeless & ~get(&settling.waiting);
    put(&settling.called, busy, true);
    put(&settling.let_go, busy, true);
    for (uint32_t i = 0; i < COME_POLLS && get(&settling.let_go); i++)
        poll(self);
    call(busy, ICR_PARK);
    while (busy & ~get(&settling.held) & ~get(&settling.waiting) &&
           closure_tsc() - begin <= limit_tsc)
        poll(self);
    put(&settling.called, busy, false);
    call(busy & ~get(&settling.held), GUARD_ICR_NMI);
    for (uint32_t i = 0; i < COME_POLLS && busy & ~get(&settling.held); i++)
        poll(self);
}
