/* What watched a trial gives way to its successor: the late stores and the end of the watch are one moment.
 * SPDX-License-Identifier: MIT
 */
#include "record.h"

#include <core/commit/apply.h>
#include <core/commit/transfer.h>

/* With all other CPUs held. */
static enum status store(const struct guard_record *g, struct migration_list *late)
{
    const struct poke *pokes = g->pokes + g->count;
    if (pokes_drift(pokes, g->late_count, false))
        return STATUS_INVALID;
    if (!migrations_prepare(late))
        return STATUS_DENIED;
    migrations_store(late);
    pokes_store(pokes, g->late_count, false);
    return STATUS_OK;
}

/* A CPU that faults meanwhile waits for the next state: ARMED, and it takes the swap back; IDLE, and its fault is one
 * like others. */
enum status record_hand_over(struct guard_record *g, struct migration_list *late)
{
    enum status status = STATUS_BUSY;
    uint64_t flags = interrupts_off();
    const struct cpu_block *self = cpu_here();
    if (!__atomic_load_n(&g->asked, __ATOMIC_ACQUIRE) && record_begin_revert(g, self)) {
        status = record_hold_others(g, self) ? store(g, late) : STATUS_TIMEOUT;
        __atomic_store_n(&g->state, status == STATUS_OK ? IDLE : ARMED, __ATOMIC_SEQ_CST);
        __atomic_store_n(&g->reverter, 0, __ATOMIC_SEQ_CST);
        __atomic_store_n(&g->holding, 0, __ATOMIC_SEQ_CST);
        cpu_serialise();
    }
    interrupts_restore(flags);
    return status;
}
