/* Swaps that look for pointers while devices interrupt. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <console/console/console.h>
#include <string.h>
#include <tests/kernel/ticks/ticks.h>

static struct {
    uint64_t *pointer; /* of every second interrupt; the others drop it */
    uint64_t calls;
    uint64_t stale;
} rtc;

/* What it stored the last time must still be true. */
static void rtc_interrupt(void *arg)
{
    (void)arg;
    ticks_take();
    if (rtc.pointer && rtc.pointer != migrate_target_slot())
        rtc.stale++;
    rtc.pointer = rtc.pointer ? NULL : migrate_target_slot();
    __atomic_add_fetch(&rtc.calls, 1, __ATOMIC_SEQ_CST);
}

static void rtc_tick(void *arg)
{
    (void)arg;
    ticks_take();
    __atomic_add_fetch(&rtc.calls, 1, __ATOMIC_SEQ_CST);
}

static void lines_go_on(void)
{
    KTEST_CHECK(ktest_until_count(&rtc.calls, rtc.calls + 10, PATIENCE_NS));
}

static void start(interrupt_fn fn, enum interrupt_trigger trigger)
{
    ticks_start(fn, trigger);
    lines_go_on();
}

/* Hazard 4: a handler stores pointers a thousand times a second. Swaps are refused, or nobody is left behind. Seen to
 * fail without hold_lines() of drain.c. */
void a_handler_is_not_left_behind(void)
{
    uint32_t swapped = 0;
    migrate_target_write(&migrate_sample);
    start(rtc_interrupt, INTERRUPT_EDGE_HIGH);
    for (uint32_t i = 0; i < 30; i++) {
        const char *variant = migrate_target_version() == 1 ? "grown" : "";
        const struct evolve_report *r =
            kswap_end_report(kswap_to("migrate_target", variant, 1));
        swapped += r->phase == EVOLVE_PERMANENT;
        KTEST_CHECK(r->phase == EVOLVE_PERMANENT || strcmp(r->reason.code, "held") == 0);
    }
    ticks_stop(rtc_interrupt);
    rtc.pointer = NULL;
    console_print("migrate: %u of 30 swaps between the interrupts\n", swapped);
    KTEST_CHECK(swapped > 0 && rtc.stale == 0);
    if (migrate_target_version() != 1)
        kswap_for_good("migrate_target", "");
    KTEST_CHECK(migrate_holds(&migrate_sample));
}

/* The engine and the interrupts of before lines could be held, or those of now, with data that move. */
static uint64_t swap_lines(bool before, uint64_t trial_ms)
{
    return kswap_begin(&(struct kswap){.cell = "migrate_target",
                                       .variant = before ? "grown" : "",
                                       .others = before ? "interrupt.before evolve.before"
                                                        : "interrupt evolve",
                                       .trial_ms = trial_ms});
}

/* Lines are not held for who could not let them go: neither on the way there nor on the way back. A level stays masked
 * then. Seen to fail, each in its line, when can_release() of drain.c says yes to one of the two. */
void lines_go_on_where_nobody_could_let_them_go(void)
{
    start(rtc_tick, INTERRUPT_LEVEL_HIGH);
    (void)kswap_became(kswap_end_report(swap_lines(true, 1)), EVOLVE_PERMANENT, NULL,
                       NULL);
    lines_go_on();
    uint64_t attempt = swap_lines(false, 60000);
    KTEST_CHECK(evolve_revert(attempt, "test", "the test wants the old ones") == STATUS_OK);
    (void)kswap_became(kswap_end_report(attempt), EVOLVE_REVERTED, "test", NULL);
    lines_go_on();
    (void)kswap_became(kswap_end_report(swap_lines(false, 1)), EVOLVE_PERMANENT, NULL,
                       NULL);
    lines_go_on();
    ticks_stop(rtc_tick);
    KTEST_CHECK(migrate_target_version() == 1 && migrate_holds(&migrate_sample));
}
