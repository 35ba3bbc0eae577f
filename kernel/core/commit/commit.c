/* The park, and the stores of a swap under it.
 * SPDX-License-Identifier: MIT
 */
#include <core/commit/apply.h>
#include <core/commit/commit.h>
#include <core/commit/transfer.h>
#include <core/commit/withdraw.h>
#include <core/guard/guard.h>
#include <lib/base/evolve.h>

enum { LAPIC_EOI = 0xb0 };

static struct {
    uint32_t holding; /* [a] ticket of the park in force, 0 = none */
    uint32_t arrived; /* [a] CPUs held by it */
    uint32_t last_ticket;
    uint32_t held[CPU_MAX]; /* [a] ticket that holds this CPU */
} park;
EVOLVE_SCRATCH(park);

static volatile uint8_t *lapic; /* [I] */

void commit_start(volatile void *lapic_registers)
{
    lapic = lapic_registers;
}

static void end_of_interrupt(void)
{
    if (lapic)
        *(volatile uint32_t *)(lapic + LAPIC_EOI) = 0;
}

/* Park invariant 4. A lock's holder has its interrupts off, and so has an interrupt's handler, so
 * the park's interrupt does not get through to them; if it ever does, the swap must not go on as
 * if all were well. */
static bool may_be_held(const struct cpu_block *block)
{
    return block->locks_held == 0 && block->interrupt_depth <= 1;
}

/* Holds this CPU while the park that called it lasts (park invariant 1), or the guard. A late interrupt of a
 * park that is over finds no ticket and returns at once. */
void park_handler(struct trap_frame *frame)
{
    struct cpu_block *block = cpu_here();
    uint32_t ticket = __atomic_load_n(&park.holding, __ATOMIC_ACQUIRE);
    if (ticket && may_be_held(block)) {
        __atomic_store_n(&park.held[block->index], ticket, __ATOMIC_RELEASE);
        __atomic_add_fetch(&park.arrived, 1, __ATOMIC_SEQ_CST);
        while (__atomic_load_n(&park.holding, __ATOMIC_ACQUIRE) == ticket) {
            closure_shootdown(block);
            closure_pause();
        }
        cpu_serialise();
    } else if (!ticket) {
        guard_park(frame);
    }
    end_of_interrupt();
}

static uint32_t missing(uint32_t self, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (i != self &&
            __atomic_load_n(&park.held[i], __ATOMIC_ACQUIRE) != park.last_ticket)
            return i;
    return self;
}

/* Calls the other CPUs and waits until they are held. Gives false when the limit passes. */
static bool hold_others(struct cpu_block *self, uint32_t count, uint64_t limit_tsc)
{
    uint64_t begin = closure_tsc();
    park.last_ticket = park.last_ticket + 1 ? park.last_ticket + 1 : 1;
    __atomic_store_n(&park.arrived, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&park.holding, park.last_ticket, __ATOMIC_SEQ_CST);
    if (count > 1)
        cpu_send_ipi_others(VECTOR_PARK);
    while (__atomic_load_n(&park.arrived, __ATOMIC_ACQUIRE) < count - 1) {
        if (closure_tsc() - begin > limit_tsc)
            return false;
        closure_shootdown(self);
        closure_pause();
    }
    return true;
}

static void release(void)
{
    __atomic_store_n(&park.holding, 0, __ATOMIC_SEQ_CST);
    cpu_serialise();
}

void commit_let_go(void)
{
    __atomic_store_n(&park.holding, 0, __ATOMIC_SEQ_CST);
}

/* Everybody else is held. STAYS lies in the caller's text. */
static enum status apply(const struct poke *pokes, uint32_t count,
                         struct migration_list *migrations, bool backwards, uint64_t stays)
{
    if (__atomic_load_n(&migrations->stage, __ATOMIC_ACQUIRE) == MIGRATION_WITHDRAWN)
        return STATUS_BUSY;
    if (pokes_drift(pokes, count, backwards))
        return STATUS_INVALID;
    if (!elements_hold(migrations->elements) || !migrations_hold(migrations, backwards))
        return STATUS_AGAIN;
    if (!backwards && !migrations_prepare(migrations))
        return STATUS_DENIED;
    /* The point of no return. */
    if (backwards)
        migrations_take_back(migrations);
    else
        migrations_store(migrations);
    pokes_store(pokes, count, backwards);
    if (backwards)
        texts_withdraw(&migrations->withdrawal, stays);
    return STATUS_OK;
}

enum status commit_apply(const struct poke *pokes, uint32_t count,
                         struct migration_list *migrations, bool backwards,
                         uint64_t limit_tsc, struct commit_times *out_times)
{
    enum status status = STATUS_OK;
    uint64_t stays = (uint64_t)__builtin_return_address(0);
    uint32_t cpus = cpu_count();
    uint64_t flags = interrupts_off();
    struct cpu_block *self = cpu_here();
    uint64_t begin = closure_tsc();
    if (!hold_others(self, cpus, limit_tsc)) {
        out_times->missing_cpu = missing(self->index, cpus);
        status = STATUS_TIMEOUT;
    } else {
        out_times->hold_tsc = closure_tsc() - begin;
        status = apply(pokes, count, migrations, backwards, stays);
        if (status == STATUS_INVALID)
            out_times->drift_va = pokes_drift(pokes, count, backwards)->va;
    }
    release();
    out_times->pause_tsc = closure_tsc() - begin;
    interrupts_restore(flags);
    return status;
}
