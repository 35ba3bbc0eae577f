/* Cases about requests that come while another is carried out. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <task/task/task.h>
#include <time/clock/clock.h>

#define ASKERS 4u
#define EACH 6u
#define QUEUE_MAX 8u

static struct {
    uint64_t attempts[ASKERS][EACH];
    volatile uint64_t refused; /* because the queue was full */
    volatile uint64_t ended;
} asked;

/* Asks again when the queue is full. */
static struct wait asker_step(void *arg)
{
    uint64_t *mine = arg;
    uint32_t n = 0;
    while (n < EACH && mine[n])
        n++;
    if (n == EACH) {
        __atomic_add_fetch(&asked.ended, 1, __ATOMIC_SEQ_CST);
        return wait_done();
    }
    enum status status = undo_submit(n % 2 ? "second" : "third", 1, &mine[n]);
    if (status == STATUS_OK)
        return wait_again();
    KTEST_CHECK(status == STATUS_BUSY && mine[n] == 0);
    __atomic_add_fetch(&asked.refused, 1, __ATOMIC_SEQ_CST);
    return wait_until(clock_ns() + NS_PER_MS);
}

/* Hazard 10. Seen to fail when evolve_submit() puts the newest request first. */
void requests_of_several_tasks_are_carried_out_in_order(void)
{
    uint64_t first = kswap_report(0)->attempt + 1;
    uint64_t ended = 0;
    for (uint32_t i = 0; i < ASKERS; i++)
        KTEST_CHECK(task_create("asker", asker_step, asked.attempts[i], NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&asked.ended, ASKERS, 60 * NS_PER_S));
    for (uint64_t a = first; a < first + ASKERS * EACH; a++) {
        uint32_t owners = 0;
        for (uint32_t i = 0; i < ASKERS * EACH; i++)
            owners += asked.attempts[i / EACH][i % EACH] == a;
        KTEST_CHECK(owners == 1);
        KTEST_CHECK(kswap_end(a) == EVOLVE_PERMANENT);
        const struct evolve_report *r = kswap_report(a);
        KTEST_CHECK(r->begun_ns > ended); /* the one before was over */
        ended = r->trial_end_ns;
    }
    KTEST_CHECK(namespace_check(namespace_kernel()) == NULL);
    KTEST_CHECK(undo_swap("") == EVOLVE_PERMANENT && swap_target_version() == 1);
}

/* Seen to fail without the check of the queue's length. */
void a_full_queue_says_so(void)
{
    uint64_t trial = 0;
    uint64_t attempt = 0;
    uint64_t none = 0;
    KTEST_CHECK(undo_submit("second", 60000, &trial) == STATUS_OK);
    while (evolve_phase_of(trial) < EVOLVE_TRIAL)
        ktest_sleep(NS_PER_MS);
    for (uint32_t i = 0; i < QUEUE_MAX; i++)
        KTEST_CHECK(undo_submit(i % 2 ? "" : "third", 1, &attempt) == STATUS_OK);
    KTEST_CHECK(undo_submit("third", 1, &none) == STATUS_BUSY && none == 0);
    KTEST_CHECK(evolve_phase_of(attempt) == EVOLVE_QUEUED && swap_target_version() == 2);
    KTEST_CHECK(evolve_confirm(trial) == STATUS_OK);
    KTEST_CHECK(kswap_end(attempt) == EVOLVE_PERMANENT && swap_target_version() == 1);
    KTEST_CHECK(undo_submit("", 1, &attempt) == STATUS_OK &&
                kswap_end(attempt) == EVOLVE_PERMANENT);
}
