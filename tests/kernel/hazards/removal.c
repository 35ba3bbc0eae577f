/* A cell with tasks is removed, and comes back or does not. Each comment says which defence was taken out to see it fail. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <console/log/log.h>
#include <core/archive/archive.h>
#include <string.h>
#include <tests/kernel/leaver_state/leaver_state.h>
#include <tests/kernel/swap_target/swap_target.h>
#include <time/clock/clock.h>

static const char *const leaver = "leaver";
static struct leaver_state *state;

/* Asks for REQUEST, and waits until it is on trial. Gives the attempt. */
static uint64_t begin(struct evolve_request *request, uint64_t trial_ns)
{
    uint64_t attempt = 0;
    request->self_confirm = true;
    request->trial_ns = trial_ns;
    KTEST_CHECK(evolve_submit(request, &attempt) == STATUS_OK);
    kswap_wait(attempt);
    return attempt;
}

static struct evolve_object object_of(const char *cell, const char *path)
{
    struct archive_entry file = {0};
    KTEST_CHECK(archive_find(path, &file) == STATUS_OK);
    return (struct evolve_object){.name = cell, .bytes = file.bytes, .len = file.len};
}

static uint64_t remove_leaver(uint64_t trial_ns)
{
    return begin(&(struct evolve_request){.remove = &leaver, .remove_count = 1}, trial_ns);
}

struct tasks {
    uint32_t count;
    uint32_t asleep;
    uint64_t restarts;
    uint64_t ids;
};

static bool look_at(struct task *task, void *arg)
{
    struct tasks *tasks = arg;
    char name[TASK_NAME_MAX];
    task_name_copy(task, name);
    if (strncmp(name, "leaver_", 7) != 0)
        return true;
    tasks->count++;
    tasks->asleep += task_state(task) == TASK_SLEEPING;
    tasks->restarts += task_restarts(task);
    tasks->ids += task_id(task);
    return true;
}

static struct tasks tasks_of_leaver(void)
{
    struct tasks tasks = {0};
    task_for_each(look_at, &tasks);
    return tasks;
}

static bool is_blocked(void *arg)
{
    (void)arg;
    return tasks_of_leaver().asleep == 1;
}

static bool are_gone(void *arg)
{
    (void)arg;
    return tasks_of_leaver().count == 0;
}

static void send(uint64_t number)
{
    KTEST_CHECK(channel_try_send(leaver_channel(), &number) == STATUS_OK);
}

/* Makes the cell come with all its tasks, each of which has done something. */
static void begin_leaver(void)
{
    struct evolve_object object = object_of(leaver, "cells/leaver.o");
    state = leaver_state();
    if (namespace_running(namespace_kernel(), leaver))
        KTEST_CHECK(kswap_end(remove_leaver(NS_PER_MS)) == EVOLVE_PERMANENT);
    state->wanted = 1;
    state->naps = state->runs = state->calls = state->sum = 0;
    KTEST_CHECK(kswap_end(begin(&(struct evolve_request){.set = &object, .set_count = 1},
                                NS_PER_MS)) == EVOLVE_PERMANENT);
    send(5);
    KTEST_CHECK(ktest_until_count(&state->sum, 5, PATIENCE_NS));
    KTEST_CHECK(ktest_until_count(&state->naps, 10, PATIENCE_NS));
    KTEST_CHECK(ktest_until_count(&state->runs, 2, PATIENCE_NS));
    KTEST_CHECK(ktest_until_count(&state->calls, 1, PATIENCE_NS));
    KTEST_CHECK(ktest_until(is_blocked, NULL, PATIENCE_NS));
}

/* All four have had the time to be held: the steps of the one that runs are the longest. */
static void wait_until_held(void)
{
    ktest_sleep(3 * LEAVER_STEP_MS * NS_PER_MS);
}

static void expect_to_go_on(const struct leaver_state *then, const struct tasks *tasks)
{
    struct tasks now = tasks_of_leaver();
    KTEST_CHECK(now.count == LEAVER_TASKS && now.ids == tasks->ids && now.restarts == 0);
    KTEST_CHECK(ktest_until_count(&state->naps, then->naps + 10, PATIENCE_NS));
    KTEST_CHECK(ktest_until_count(&state->runs, then->runs + 2, PATIENCE_NS));
    send(100);
    KTEST_CHECK(ktest_until_count(&state->sum, then->sum + 100, PATIENCE_NS));
    kswap_check_invariants();
    KTEST_CHECK(task_check());
}

/* Seen to fail: without ending_hold() they go on during the trial; without release() none goes on after it. */
void tasks_of_a_cell_that_comes_back_go_on(void)
{
    begin_leaver();
    struct tasks tasks = tasks_of_leaver();
    uint64_t attempt = remove_leaver(60 * NS_PER_S);
    send(7); /* to who sleeps within a step, which ends in old text */
    KTEST_CHECK(ktest_until_count(&state->sum, 12, PATIENCE_NS));
    wait_until_held();
    struct leaver_state then = *state;
    event_signal(&state->event);
    send(9);
    wait_until_held();
    KTEST_CHECK(state->naps == then.naps && state->runs == then.runs);
    KTEST_CHECK(state->calls == 1 && state->sum == 12);
    KTEST_CHECK(tasks_of_leaver().count == LEAVER_TASKS);
    KTEST_CHECK(evolve_revert(attempt, "test", "the test wants it back") == STATUS_OK);
    KTEST_CHECK(kswap_end(attempt) == EVOLVE_REVERTED);
    /* What they were waiting for has come meanwhile. */
    KTEST_CHECK(ktest_until_count(&state->calls, 2, PATIENCE_NS));
    KTEST_CHECK(ktest_until_count(&state->sum, 21, PATIENCE_NS));
    then.sum = 21;
    expect_to_go_on(&then, &tasks);
}

static struct wait fault_step(void *arg)
{
    static uint64_t tries;
    (void)arg;
    if (tries++ == 0)
        *(volatile uint32_t *)(uintptr_t)swap_target_version() = 0;
    return wait_done();
}

/* The guard restores bytes; what it does not know of follows. */
void tasks_of_a_cell_that_the_guard_brings_back_go_on(void)
{
    struct evolve_object object =
        object_of("swap_target", "variants/swap_target.second.o");
    begin_leaver();
    struct tasks tasks = tasks_of_leaver();
    uint64_t attempt = begin(
        &(struct evolve_request){
            .set = &object, .set_count = 1, .remove = &leaver, .remove_count = 1},
        60 * NS_PER_S);
    wait_until_held();
    struct leaver_state then = *state;
    KTEST_CHECK(swap_target_version() == 2);
    KTEST_CHECK(task_create("faults", fault_step, NULL, NULL) != NULL);
    KTEST_CHECK(kswap_end(attempt) == EVOLVE_REVERTED);
    KTEST_CHECK(strcmp(kswap_report(attempt)->reason.code, "fault") == 0);
    KTEST_CHECK(swap_target_version() == 1);
    expect_to_go_on(&then, &tasks);
}

static uint32_t count_lines(const char *text, const char *name)
{
    char line[256];
    uint64_t cursor = 0;
    uint32_t count = 0;
    while (log_read(&cursor, line, sizeof line) == STATUS_OK)
        count += strstr(line, text) && strstr(line, name);
    return count;
}

/* Seen to fail: who waits for the event, and who is blocked, stay for ever without task_step_now(). */
void tasks_of_a_cell_that_is_gone_end(void)
{
    begin_leaver();
    uint32_t told = count_lines("its tasks end (4)", "leaver_waits");
    uint32_t given_up = count_lines("given up", "leaver_takes");
    KTEST_CHECK(kswap_end(remove_leaver(NS_PER_MS)) == EVOLVE_PERMANENT);
    KTEST_CHECK(ktest_until(are_gone, NULL, PATIENCE_NS));
    KTEST_CHECK(count_lines("its tasks end (4)", "leaver_waits") == told + 1);
    KTEST_CHECK(count_lines("given up", "leaver_takes") == given_up + 1);
    kswap_check_invariants();
    KTEST_CHECK(task_check());
    state->wanted = 0;
    state->object = NULL;
    state->doze = NULL;
}
