/* Cases that let requests for memory fail in the task that calls functions of cells: walks, edges, hooks and checks. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <console/console/console.h>
#include <mm/frame/frame.h>
#include <string.h>
#include <task/task/task.h>
#include <tests/kernel/leaver_state/leaver_state.h>
#include <time/clock/clock.h>

#define REQUESTS_MAX 1000u
#define HOOK_STRIDE 3u /* a task takes nine */
#define REPORT_MS(begun) ((clock_ns() - (begun)) / NS_PER_MS)

/* Walks, fills and edges run while all other tasks stand: who has to ask for memory there may wait for one of these. The
 * engine calls them with all the room that they get. */
void walks_and_edges_ask_for_no_memory(void)
{
    for (uint32_t i = 0; i < undo_kind_count; i++)
        for (int back = 0; back < 2; back++) {
            const struct undo_kind *k = &undo_kinds[i];
            memory_fail(undo_walker_task(), 0, UINT64_MAX);
            enum evolve_phase phase = undo_swap_kind(k, back);
            bool asked = memory_failed();
            memory_fail(NULL, 0, 0);
            if (phase != EVOLVE_PERMANENT || asked)
                console_print("undo: %s: memory is asked for: %s\n", k->name,
                              kswap_report(0)->reason.text);
            KTEST_CHECK(phase == EVOLVE_PERMANENT && !asked && undo_holds(k));
        }
}

/* ---- hooks ----------------------------------------------------------------------------------------------------------- */

static bool is_of_leaver(struct task *task, void *arg)
{
    char name[TASK_NAME_MAX];
    task_name_copy(task, name);
    *(uint32_t *)arg += strncmp(name, "leaver_", 7) == 0;
    return true;
}

static bool none_of_leaver(void *arg)
{
    uint32_t count = 0;
    (void)arg;
    task_for_each(is_of_leaver, &count);
    return count == 0;
}

/* One try of the hook that makes four tasks, of which request AT and all that follow fail. Gives false when it had all. */
static bool hook_fails(uint32_t at)
{
    struct undo_digest before;
    undo_digest(&before);
    memory_fail(undo_walker_task(), at, UINT64_MAX);
    enum evolve_phase phase = kswap_run(&(struct kswap){.others = "leaver"});
    bool failed = memory_failed();
    memory_fail(NULL, 0, 0);
    leaver_state()->object = NULL;
    leaver_state()->doze = NULL;
    if (!failed) {
        KTEST_CHECK(phase == EVOLVE_PERMANENT);
        return false;
    }
    uint32_t changed = undo_changed(&before); /* its tasks count in leaver_state */
    bool good = kswap_became(kswap_report(0), EVOLVE_REVERTED, "hook", "leaver") &&
                !(changed & UNDO_BUT_MARKS & ~(1u << UNDO_VALUES)) &&
                ktest_until(none_of_leaver, NULL, 10 * NS_PER_S);
    if (!good)
        console_print("undo: hook: request %u: parts %x differ\n", at, changed);
    KTEST_CHECK(good);
    return good;
}

/* Tasks that a hook had made before it failed end with its cell. Seen to fail when end() (evolve/ending.c)
 * asks only whether a stub stands for the version that goes: from the second failure on it stands for the first one, in
 * whose text the tasks go on. */
void a_hook_that_runs_out_of_memory_changes_nothing(void)
{
    struct undo_use before;
    uint32_t at = 0;
    uint64_t begun = clock_ns();
    KTEST_CHECK(leaver_channel() != NULL);
    KTEST_CHECK(kswap_run(&(struct kswap){.remove = "leaver"}) == EVOLVE_PERMANENT);
    undo_use_later(&before);
    leaver_state()->wanted = 1;
    while (at < REQUESTS_MAX && hook_fails(at))
        at += HOOK_STRIDE;
    console_print("undo: hook: %u requests (%lu ms)\n", at, REPORT_MS(begun));
    KTEST_CHECK(at >= LEAVER_TASKS && at < REQUESTS_MAX && undo_went_well());
    KTEST_CHECK(kswap_run(&(struct kswap){.remove = "leaver"}) == EVOLVE_PERMANENT);
    KTEST_CHECK(ktest_until(none_of_leaver, NULL, 10 * NS_PER_S));
    KTEST_CHECK(undo_left_nothing(&before));
    leaver_state()->wanted = 0;
    KTEST_CHECK(kswap_run(&(struct kswap){.others = "leaver"}) == EVOLVE_PERMANENT);
}

/* ---- checks ---------------------------------------------------------------------------------------------------------- */

/* Cells whose own checks ask for memory, or those of who calls them: to verify a signature takes thousands of requests. */
static const struct judged {
    const char *cells;
    uint64_t count; /* of requests that fail one after the other */
    uint32_t stride;
    uint32_t tries; /* at most */
} judged[] = {
    {"json", 1, 3, 14}, /* its own come first */
    {"heap", UINT64_MAX, 9, 6},
    {"channel frame", 1, 1, 8},
    {"signature", 1, 499, 5},
};

/* Gives false when they had all. */
static bool check_fails(const struct judged *j, uint32_t at)
{
    memory_fail(undo_walker_task(), at, j->count);
    enum evolve_phase phase = kswap_run(&(struct kswap){.others = j->cells});
    bool failed = memory_failed();
    memory_fail(NULL, 0, 0);
    if (phase != EVOLVE_PERMANENT)
        console_print("undo: %s: request %u of checks: %s\n", j->cells, at,
                      kswap_report(0)->reason.text);
    KTEST_CHECK(phase == EVOLVE_PERMANENT);
    return failed && phase == EVOLVE_PERMANENT;
}

/* Want of memory is no wrong result: nobody's version goes back for it, and what a check had by then is given back. Seen to fail
 * when json's check does not ask whether memory was refused. */
void a_check_that_runs_out_of_memory_says_nothing(void)
{
    struct undo_use before;
    for (uint32_t i = 0; i < ARRAY_LEN(judged); i++) /* what booted lies elsewhere */
        KTEST_CHECK(kswap_run(&(struct kswap){.others = judged[i].cells}) ==
                    EVOLVE_PERMANENT);
    undo_use_later(&before);
    for (uint32_t i = 0; i < ARRAY_LEN(judged); i++) {
        uint64_t begun = clock_ns();
        uint32_t failed = 0;
        while (failed < judged[i].tries &&
               check_fails(&judged[i], failed * judged[i].stride))
            failed++;
        console_print("undo: checks of %s: %u requests failed (%lu ms)\n",
                      judged[i].cells, failed, REPORT_MS(begun));
        KTEST_CHECK(failed > 3 && undo_went_well());
    }
    KTEST_CHECK(undo_left_nothing(&before));
}
