/* Cases about who has to confirm, and sleeps (hazards 30, 31). */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <core/archive/archive.h>
#include <lib/base/atomic.h>
#include <string.h>
#include <time/clock/clock.h>

static struct {
    struct evolve_request request;
    uint64_t attempt; /* [a] */
    uint64_t steps;   /* [a] */
} asker;

/* Asks for the swap in its first step, and comes through the cell in each later one. */
static struct wait asker_step(void *arg)
{
    uint64_t attempt;
    (void)arg;
    if (asker.request.set && evolve_submit(&asker.request, &attempt) == STATUS_OK) {
        atomic_store(&asker.attempt, attempt);
        asker.request.set = NULL;
    }
    swap_target_nap();
    atomic_add(&asker.steps, 1);
    return wait_until(clock_ns() + NS_PER_MS);
}

/* A minute, when judge.c does not ask silence_found(); and the task sleeps on for ever without silence_end(). */
void who_has_to_confirm_and_sleeps_is_woken(void)
{
    static struct evolve_object object = {.name = "swap_target"};
    struct archive_entry file;
    uint64_t begun = clock_ns();
    KTEST_CHECK(archive_find("variants/swap_target.asleep.o", &file) == STATUS_OK);
    object.bytes = file.bytes;
    object.len = file.len;
    asker.request = (struct evolve_request){
        .set = &object, .set_count = 1, .trial_ns = 100 * NS_PER_MS};
    KTEST_CHECK(task_create("asker", asker_step, NULL, NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&asker.attempt, 1, 10 * NS_PER_S));
    KTEST_CHECK(kswap_end(asker.attempt) == EVOLVE_REVERTED);
    KTEST_CHECK(clock_ns() - begun < 20 * NS_PER_S);
    const struct evolve_report *r = kswap_report(asker.attempt);
    KTEST_CHECK(strcmp(r->reason.code, "silent") == 0);
    KTEST_CHECK(strcmp(r->reason.cell, "swap_target") == 0);
    KTEST_CHECK(strstr(r->reason.text, "task asker") != NULL);
    KTEST_CHECK(ktest_until_count(&asker.steps, asker.steps + 3, 10 * NS_PER_S));
    kswap_check_invariants();
}
