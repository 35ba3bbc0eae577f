/* Cases about swaps that succeed. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <core/unwind/unwind.h>
#include <string.h>
#include <task/task/task.h>
#include <time/clock/clock.h>

void a_swap_changes_text_and_keeps_data(void)
{
    uint64_t before = swap_target_count();
    KTEST_CHECK(swap_target_version() == 1);
    swap_for_good("second");
    KTEST_CHECK(swap_target_version() == 2);
    KTEST_CHECK(swap_target_count() == before + 1);
    const struct evolve_report *r = kswap_report(0);
    KTEST_CHECK(r->cell_count == 1 && r->cells[0].class == PLAN_TEXT);
    KTEST_CHECK(r->pause_ns > 0 && r->stores > 0);
    KTEST_CHECK(r->retained_bytes > 0); /* although the image placed it */
    swap_for_good("");
    KTEST_CHECK(swap_target_version() == 1);
    KTEST_CHECK(swap_target_count() == before + 2);
    kswap_check_invariants();
}

/* Hazards 1 and 3. */
void pointers_taken_before_stay_valid(void)
{
    swap_target_fn callback = swap_target_callback();
    uint64_t *object = swap_target_object();
    *object = 7;
    KTEST_CHECK(callback() == 1);
    swap_for_good("second");
    KTEST_CHECK(callback() == 2);
    KTEST_CHECK(callback == swap_target_callback());
    KTEST_CHECK(object == swap_target_object() && *object == 7);
    *object = 8;
    swap_for_good("third");
    KTEST_CHECK(callback() == 3 && *swap_target_object() == 8);
    swap_for_good("");
    kswap_check_invariants();
}

/* Hazards 5 and 6. */
void a_constant_table_changes_in_place(void)
{
    KTEST_CHECK(strcmp(swap_target_word(1), "one") == 0);
    swap_for_good("second");
    KTEST_CHECK(strcmp(swap_target_word(1), "uno") == 0);
    KTEST_CHECK(strcmp(swap_target_word(2), "two") == 0);
    swap_for_good("");
    KTEST_CHECK(strcmp(swap_target_word(1), "one") == 0);
}

static struct {
    volatile uint64_t entered;
    volatile uint64_t version;
} lingering;

static struct wait linger_step(void *arg)
{
    (void)arg;
    lingering.entered = 1;
    lingering.version = swap_target_doze(3 * NS_PER_S);
    return wait_done();
}

/* Hazard 2: a task is inside a changed function when it changes. */
void a_frame_in_old_text_finishes_there(void)
{
    KTEST_CHECK(task_create("linger", linger_step, NULL, NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&lingering.entered, 1, 5 * NS_PER_S));
    swap_for_good("second");
    KTEST_CHECK(swap_target_version() == 2);
    KTEST_CHECK(lingering.version == 0);
    KTEST_CHECK(ktest_until_count(&lingering.version, 1, 10 * NS_PER_S));
    KTEST_CHECK(lingering.version == 1);
    KTEST_CHECK(swap_target_doze(0) == 2);
    swap_for_good("");
}

#define CALLERS 4u

static struct {
    volatile uint64_t stop;
    volatile uint64_t calls;
    volatile uint64_t wrong;
    volatile uint64_t ended;
} load;

static struct wait caller_step(void *arg)
{
    (void)arg;
    for (uint64_t i = 0; i < 2000; i++)
        if (swap_target_sum(i, 5) != i + 5)
            __atomic_add_fetch(&load.wrong, 1, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&load.calls, 2000, __ATOMIC_SEQ_CST);
    if (!load.stop)
        return wait_again();
    __atomic_add_fetch(&load.ended, 1, __ATOMIC_SEQ_CST);
    return wait_done();
}

/* Hazard 19: call sites are rewritten while other CPUs execute them. */
void calls_under_load_are_never_lost(void)
{
    static const char *const order[] = {"second", "third", "helper", ""};
    for (uint32_t i = 0; i < CALLERS; i++)
        KTEST_CHECK(task_create("caller", caller_step, NULL, NULL) != NULL);
    for (uint32_t i = 0; i < 20; i++)
        swap_for_good(order[i % ARRAY_LEN(order)]);
    load.stop = 1;
    KTEST_CHECK(ktest_until_count(&load.ended, CALLERS, 10 * NS_PER_S));
    KTEST_CHECK(load.calls > 0 && load.wrong == 0);
    KTEST_CHECK(swap_target_version() == 1);
    kswap_check_invariants();
}

/* Hazard 9. */
void a_hundred_swaps_leave_no_drift(void)
{
    static const char *const order[] = {"second", "helper", "third", ""};
    uint64_t before = swap_target_count();
    for (uint32_t i = 0; i < 100; i++) {
        swap_for_good(order[i % ARRAY_LEN(order)]);
        KTEST_CHECK(swap_target_count() == before + i + 1);
        kswap_check_invariants();
    }
}

void a_confirmed_version_stays(void)
{
    static const char *const none = "";
    uint64_t attempt = swap_to("second", 20000);
    KTEST_CHECK(evolve_phase_of(attempt) == EVOLVE_TRIAL);
    KTEST_CHECK(evolve_confirm(attempt) == STATUS_OK);
    KTEST_CHECK(kswap_end(attempt) == EVOLVE_PERMANENT);
    KTEST_CHECK(evolve_confirm(attempt) == STATUS_INVALID);
    KTEST_CHECK(swap_target_version() == 2);
    swap_for_good(none);
}

/* One sleeping or preempted task with frames. */
struct walked {
    uint32_t seen;
    uint32_t broken;
};

static bool walk(struct task *task, void *arg)
{
    struct walked *walked = arg;
    struct saved_context context;
    struct unwind_cursor cursor;
    uint64_t low;
    uint64_t top;
    enum task_state s = task_state(task);
    if (s != TASK_READY && s != TASK_WAITING && s != TASK_SLEEPING)
        return true;
    task_saved_context(task, &context);
    if (!context.resume)
        return true;
    task_stack_range(task, &low, &top);
    if (context.resume == entry_resume_trap_address())
        unwind_from_trap(&cursor, namespace_kernel(),
                         (const struct trap_frame *)context.rsp, low, top);
    else
        unwind_from_switch(&cursor, namespace_kernel(),
                           (const struct switch_frame *)context.rsp, low, top);
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < 64 && status == STATUS_OK; i++)
        status = unwind_next(&cursor);
    walked->seen++;
    walked->broken += status != STATUS_NOT_FOUND;
    return true;
}

static volatile bool busy_stop;
static volatile uint64_t busy_ended;

static struct wait busy_step(void *arg)
{
    (void)arg;
    uint64_t end = clock_ns() + 40 * NS_PER_MS;
    while (!busy_stop && clock_ns() < end)
        (void)swap_target_sum(end, 1);
    if (!busy_stop)
        return wait_again();
    __atomic_add_fetch(&busy_ended, 1, __ATOMIC_SEQ_CST);
    return wait_done();
}

static bool walked_many(void *arg)
{
    struct walked *walked = arg;
    task_for_each(walk, walked);
    return walked->seen > 50;
}

/* More busy tasks than CPUs: some are always preempted somewhere. */
void a_walk_reaches_every_sleeping_tasks_root(void)
{
    struct walked walked = {0};
    unsigned busy = 2 * cpu_count() + 2;
    for (uint32_t i = 0; i < busy; i++)
        KTEST_CHECK(task_create("busy", busy_step, NULL, NULL) != NULL);
    KTEST_CHECK(ktest_until(walked_many, &walked, 30 * NS_PER_S));
    KTEST_CHECK(walked.broken == 0);
    busy_stop = true;
    KTEST_CHECK(ktest_until_count(&busy_ended, busy, 30 * NS_PER_S));
}
