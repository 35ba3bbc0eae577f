/* Cases that let the park of a swap fail. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <core/commit/apply.h>
#include <mm/frame/frame.h>
#include <mm/heap/heap.h>
#include <stdio.h>
#include <string.h>
#include <task/task/task.h>
#include <time/clock/clock.h>

struct search {
    const char *name;
    struct task *task;
};

static bool is_named(struct task *task, void *arg)
{
    struct search *search = arg;
    char name[TASK_NAME_MAX];
    task_name_copy(task, name);
    if (strcmp(name, search->name) == 0)
        search->task = task;
    return true;
}

static struct task *task_named(const char *name)
{
    struct search search = {.name = name};
    task_for_each(is_named, &search);
    KTEST_CHECK(search.task != NULL);
    return search.task;
}

struct task *undo_swap_task(void)
{
    return task_named("evolve");
}

struct task *undo_walker_task(void)
{
    return task_named("walker");
}

bool undo_went_well(void)
{
    bool good =
        namespace_check(namespace_kernel()) == NULL && heap_check() && frame_check();
    KTEST_CHECK(good);
    return good;
}

#define UNTIL_IT_IS_OVER_MS 20000u /* at most */

static struct {
    uint64_t hold_ns;
    volatile uint64_t over;
    volatile uint64_t cpu; /* plus one */
    volatile uint64_t ended;
} late;

/* Keeps its CPU from being held. What else a CPU has to do with its interrupts off, answering shootdowns, it does. */
static struct wait late_step(void *arg)
{
    (void)arg;
    uint64_t flags = interrupts_off();
    uint64_t end = clock_ns() + late.hold_ns;
    late.cpu = cpu_index() + 1;
    while (clock_ns() < end && !late.over)
        closure_shootdown(cpu_here());
    interrupts_restore(flags);
    late.ended = 1;
    return wait_done();
}

/* Swaps while a CPU has its interrupts off for HOLD_MS, or until the swap is over: a busy host takes long to come to the
 * commit. Gives how it ended. Not the CPU of this task: what it waits for,
 * and what the swap task waits for after it, comes by timers of this one. */
static enum evolve_phase swap_late(uint64_t hold_ms)
{
    late.hold_ns = hold_ms * NS_PER_MS;
    late.cpu = 0;
    late.ended = late.over = 0;
    struct task_options options = {.cpu_plus_one = cpu_index() == 0 ? 2 : 1};
    KTEST_CHECK(task_create("late", late_step, NULL, &options) != NULL);
    uint64_t end = clock_ns() + 10 * NS_PER_S;
    while (late.cpu == 0 && clock_ns() < end)
        cpu_pause();
    enum evolve_phase phase = undo_swap("second");
    late.over = 1;
    KTEST_CHECK(ktest_until_count(&late.ended, 1, 10 * NS_PER_S));
    return phase;
}

/* Longer than one try, shorter than all of them. Seen to fail with COMMIT_TRIES = 1. */
void a_cpu_that_comes_late_is_waited_for(void)
{
    KTEST_CHECK(swap_late(400) == EVOLVE_PERMANENT);
    KTEST_CHECK(swap_target_version() == 2);
    KTEST_CHECK(undo_swap("") == EVOLVE_PERMANENT);
}

/* Seen to fail when hold_others() waits a hundred times as long: then the swap is carried out in the end. */
void a_cpu_that_cannot_be_held_is_named(void)
{
    char text[24];
    struct undo_digest before;
    undo_digest(&before);
    KTEST_CHECK(swap_late(UNTIL_IT_IS_OVER_MS) == EVOLVE_FAILED);
    const struct evolve_report *r = kswap_report(0);
    snprintf(text, sizeof text, "CPU %lu ", late.cpu - 1);
    KTEST_CHECK(strcmp(r->reason.code, "deadline") == 0);
    KTEST_CHECK(strncmp(r->reason.text, text, strlen(text)) == 0);
    KTEST_CHECK(undo_changed(&before) == 0 && swap_target_version() == 1);
    KTEST_CHECK(undo_swap("second") == EVOLVE_PERMANENT && swap_target_version() == 2);
    KTEST_CHECK(undo_swap("") == EVOLVE_PERMANENT && undo_went_well());
}
