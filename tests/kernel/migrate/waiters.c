/* Tasks that wait for an event in data that change their form. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <task/task/task.h>

static struct {
    uint64_t signals; /* given */
    uint64_t steps;
    uint64_t heard; /* as of the last step */
    bool end;
} waiter;

static struct wait waiter_step(void *arg)
{
    struct event *event = migrate_target_event();
    uint32_t seq = event_seq(event);
    (void)arg;
    if (waiter.end)
        return wait_done();
    __atomic_store_n(&waiter.heard, __atomic_load_n(&waiter.signals, __ATOMIC_SEQ_CST),
                     __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&waiter.steps, 1, __ATOMIC_SEQ_CST);
    return wait_event(event, seq, 0);
}

/* It waits, and only the signal lets it go on. */
__attribute__((noinline)) static void expect_heard(void)
{
    uint64_t signals = __atomic_add_fetch(&waiter.signals, 1, __ATOMIC_SEQ_CST);
    event_signal(migrate_target_event());
    KTEST_CHECK(ktest_until_count(&waiter.heard, signals, PATIENCE_NS));
    migrate_clean_stack();
}

/* Hazard 4: a task leads to what it waits for. Each swap is refused (held) without waiters_leave() of drain.c. */
void who_waits_for_an_event_that_moves_waits_there(void)
{
    static const char *const order[] = {"grown", "", "huge", "grown", ""};
    migrate_target_write(&migrate_sample);
    migrate_clean_stack();
    KTEST_CHECK(task_create("waiter", waiter_step, NULL, NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&waiter.steps, 1, PATIENCE_NS));
    for (uint32_t i = 0; i < ARRAY_LEN(order); i++) {
        kswap_for_good("migrate_target", order[i]);
        expect_heard();
    }
    uint64_t attempt = kswap_begin(
        &(struct kswap){.cell = "migrate_target", .variant = "grown", .trial_ms = 60000});
    expect_heard();
    KTEST_CHECK(evolve_revert(attempt, "test", "with a waiter") == STATUS_OK);
    KTEST_CHECK(kswap_end_report(attempt)->phase == EVOLVE_REVERTED);
    expect_heard();
    waiter.end = true;
    event_signal(migrate_target_event());
    KTEST_CHECK(migrate_holds(&migrate_sample));
}
