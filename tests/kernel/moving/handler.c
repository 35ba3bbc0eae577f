/* Elements into which a device's handler stores while they move. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <lib/base/atomic.h>
#include <tests/kernel/ticks/ticks.h>

/* So many that a tick comes between the copy of the first one and the stores. */
enum { ELEMENTS = 3000, LAST_MARK = 7 };

static uint64_t ticks;

static void tick(void *arg)
{
    (void)arg;
    ticks_take();
    moving_target_mark(++ticks % 50);
}

/* Each copy is another one than what is there when it is to be stored, unless handlers are kept out before. Seen to fail, there
 * and back, when the drain does not hold lines ahead of the copies in a second try. */
void what_a_handler_stores_into_moves(void)
{
    for (uint64_t i = 1; i <= ELEMENTS; i++)
        KTEST_CHECK(moving_target_add(i) == STATUS_OK);
    ticks_start(tick, INTERRUPT_EDGE_HIGH);
    KTEST_CHECK(ktest_until_count(&ticks, 10, PATIENCE_NS));
    (void)became(end_of(swap_to("second", 1)), EVOLVE_PERMANENT, NULL);
    uint64_t attempt = swap_to("", 60000);
    KTEST_CHECK(evolve_revert(attempt, "test", "the handler goes on") == STATUS_OK);
    (void)became(end_of(attempt), EVOLVE_REVERTED, "test");
    KTEST_CHECK(moving_target_version() == 2);
    (void)became(end_of(swap_to("", 1)), EVOLVE_PERMANENT, NULL);
    KTEST_CHECK(ktest_until_count(&ticks, atomic_load(&ticks) + 10, PATIENCE_NS));
    ticks_stop(tick);
    moving_target_mark(LAST_MARK);
    KTEST_CHECK(holds(ELEMENTS, (uint64_t)ELEMENTS * (ELEMENTS + 1) / 2, LAST_MARK));
    for (uint64_t i = 1; i <= ELEMENTS; i++)
        moving_target_remove(i);
    forget();
}
