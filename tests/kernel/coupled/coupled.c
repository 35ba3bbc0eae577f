/* The list of cases, how they swap, and the load. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <string.h>
#include <task/task/task.h>
#include <time/clock/clock.h>

#define PATIENCE_NS (60 * NS_PER_S)
#define WORKERS 4u

enum status test_coupled_start(void);

uint64_t couple_to(const char *variant, uint64_t trial_ms)
{
    return kswap_begin(&(struct kswap){.cell = "coupled_server",
                                       .with = "coupled_client",
                                       .variant = variant,
                                       .trial_ms = trial_ms});
}

uint64_t serve_alone(const char *variant)
{
    return kswap_to("coupled_server", variant, 1);
}

/* The tries of a drain are bounded in time, so on a busy host nine of them may not be enough for a step to end: then it
 * is ordered again. */
void couple_for_good(const char *variant)
{
    uint64_t attempt, end = clock_ns() + PATIENCE_NS;
    do {
        attempt = couple_to(variant, 1);
        (void)kswap_end(attempt);
    } while (strcmp(kswap_report(attempt)->reason.code, "busy") == 0 && clock_ns() < end);
    (void)kswap_became(kswap_report(attempt), EVOLVE_PERMANENT, NULL, NULL);
}

void check_invariants(void)
{
    kswap_check_invariants();
    KTEST_CHECK(task_check());
}

void expect_refused(uint64_t attempt, const char *code, const char *symbol,
                    const char *dependent)
{
    KTEST_CHECK(kswap_end(attempt) == EVOLVE_REFUSED);
    const struct evolve_report *r = kswap_report(attempt);
    if (strcmp(r->reason.code, code) != 0 || strcmp(r->reason.symbol, symbol) != 0 ||
        strcmp(r->reason.dependent, dependent) != 0)
        ktest_fail(__func__, r->reason.text);
    KTEST_CHECK(coupled_server_version() == 1);
    check_invariants();
}

static struct {
    volatile uint64_t stop;
    volatile uint64_t ended;
    volatile uint64_t wrong;
    volatile uint64_t steps;
    uint64_t direct;
    uint64_t by_pointer;
} load;

/* Half of the tasks take short steps, half are in one for longer than a slice. */
static struct wait work_step(void *arg)
{
    uint64_t rounds = (uint64_t)arg % 2 ? 100 : 100000;
    __atomic_add_fetch(&load.wrong, coupled_client_work(rounds), __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&load.steps, 1, __ATOMIC_SEQ_CST);
    if (!load.stop)
        return wait_again();
    __atomic_add_fetch(&load.ended, 1, __ATOMIC_SEQ_CST);
    return wait_done();
}

void load_begin(void)
{
    load.stop = 0;
    load.ended = 0;
    load.wrong = 0;
    load.steps = 0;
    load.direct = coupled_mixed_direct();
    load.by_pointer = coupled_mixed_by_pointer();
    for (uint64_t i = 0; i < WORKERS; i++)
        KTEST_CHECK(task_create("worker", work_step, (void *)i, NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&load.steps, 1, PATIENCE_NS));
}

void load_end(bool strict)
{
    uint64_t steps = load.steps;
    KTEST_CHECK(ktest_until_count(&load.steps, steps + 1, PATIENCE_NS));
    load.stop = 1;
    KTEST_CHECK(ktest_until_count(&load.ended, WORKERS, PATIENCE_NS));
    KTEST_CHECK(load.wrong == 0);
    KTEST_CHECK(coupled_mixed_direct() == load.direct);
    if (strict)
        KTEST_CHECK(coupled_mixed_by_pointer() == load.by_pointer);
}

enum status test_coupled_start(void)
{
    static const struct ktest_case cases[] = {
        KTEST_CASE(caller_and_callee_change_together),
        KTEST_CASE(a_withheld_caller_is_refused),
        KTEST_CASE(no_message_crosses_versions_under_load),
        KTEST_CASE(a_task_asleep_inside_restarts_in_new_text),
        KTEST_CASE(a_task_that_stays_inside_is_named),
        KTEST_CASE(a_frame_in_an_unchanged_function_moves),
        KTEST_CASE(a_held_pointer_to_an_old_form_is_named),
        KTEST_CASE(a_held_pointer_that_moves_about_is_found),
        KTEST_CASE(a_stack_that_cannot_be_walked_is_named),
        KTEST_CASE(a_wish_takes_it_back_under_load),
        KTEST_CASE(a_fault_takes_it_back_under_load),
        KTEST_CASE(a_loop_takes_it_back),
        KTEST_CASE(fifty_coupled_swaps_leave_no_drift),
    };
    return ktest_run(cases, ARRAY_LEN(cases));
}
