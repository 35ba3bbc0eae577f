/* The guard takes back a swap whose data had changed their form, with tasks in the new text. */
/* SPDX-License-Identifier: MIT */
#include <core/stale/stale.h>
#include <string.h>
#include <tests/kernel/kswap/kswap.h>
#include <tests/kernel/withdraw_target/withdraw_target.h>
#include <time/clock/clock.h>

#define PATIENCE_NS (60 * NS_PER_S)
#define TASKS 8u

enum status test_withdraw_start(void);

static struct withdraw_task tasks[TASKS];
static uint32_t task_total;
static volatile uint64_t ended;

static uint64_t swap_to(const char *variant)
{
    uint64_t attempt = kswap_to("withdraw_target", variant, 60000);
    KTEST_CHECK(withdraw_target_version() == 2);
    return attempt;
}

/* Not of the cell that is swapped: its text is the same before and after. */
static void wait_below(struct withdraw_task *task, volatile uint64_t *word)
{
    while (!task->go) {
        spin_lock(&task->queue.lock);
        (void)wait_queue_sleep(&task->queue, clock_ns() + NS_PER_MS);
    }
    *word = 77;
}

static struct wait dwell_step(void *arg)
{
    struct withdraw_task *task = arg;
    withdraw_target_dwell(task);
    if (!task->old)
        return wait_again();
    __atomic_add_fetch(&ended, 1, __ATOMIC_SEQ_CST);
    return wait_done();
}

static void begin(enum withdraw_how how)
{
    struct withdraw_task *task = &tasks[task_total++];
    memset(task, 0, sizeof *task);
    task->how = how;
    task->below = wait_below;
    wait_queue_init(&task->queue);
    KTEST_CHECK(task_create("dweller", dwell_step, task, NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&task->inside, 1, PATIENCE_NS));
}

/* After its fault it begins again, in version 1: it must be over before the next swap. */
static struct wait misbehave_step(void *arg)
{
    (void)arg;
    withdraw_target_misbehave();
    __atomic_add_fetch(&ended, 1, __ATOMIC_SEQ_CST);
    return wait_done();
}

/* The state is used by tasks that end: a pointer into it that stays behind on the stack of the one that runs the cases
 * would hold it. */
static struct {
    uint64_t first;
    uint64_t second;
    bool same;
    volatile uint64_t done;
} use;

static struct wait set_step(void *arg)
{
    (void)arg;
    withdraw_target_set(use.first, use.second);
    use.done = 1;
    return wait_done();
}

static struct wait wake_step(void *arg)
{
    (void)arg;
    withdraw_target_wake();
    use.done = 1;
    return wait_done();
}

static struct wait look_step(void *arg)
{
    (void)arg;
    use.same = withdraw_target_is(use.first, use.second);
    use.done = 1;
    return wait_done();
}

static bool use_state(task_step_fn step, uint64_t first, uint64_t second)
{
    use.first = first;
    use.second = second;
    use.done = 0;
    KTEST_CHECK(task_create("user", step, NULL, NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&use.done, 1, PATIENCE_NS));
    return use.same;
}

static void let_go(void)
{
    for (uint32_t i = 0; i < task_total; i++) {
        tasks[i].go = 1;
        spin_lock(&tasks[i].queue.lock);
        (void)wait_queue_wake_all(&tasks[i].queue);
        spin_unlock(&tasks[i].queue.lock);
    }
}

static void take_back(uint64_t attempt, const char *code)
{
    KTEST_CHECK(task_create("misbehaves", misbehave_step, NULL, NULL) != NULL);
    KTEST_CHECK(kswap_end(attempt) == EVOLVE_REVERTED);
    KTEST_CHECK(strcmp(kswap_report(attempt)->reason.code, code) == 0);
    let_go();
    (void)use_state(wake_step, 0, 0);
    KTEST_CHECK(ktest_until_count(&ended, task_total + 1, PATIENCE_NS));
    KTEST_CHECK(withdraw_target_version() == 1);
    for (uint32_t i = 0; i < task_total; i++)
        KTEST_CHECK(tasks[i].pair[0] == tasks[i].pair[1] && tasks[i].old == 1);
    kswap_check_invariants();
    KTEST_CHECK(task_check());
}

static void caught(const char *variant, const char *code, const enum withdraw_how *how,
                   uint32_t count)
{
    (void)use_state(set_step, 1, 2);
    task_total = 0;
    ended = 0;
    uint64_t attempt = swap_to(variant);
    for (uint32_t i = 0; i < count; i++)
        begin(how[i]);
    (void)use_state(set_step, 3, 4);
    take_back(attempt, code);
    KTEST_CHECK(use_state(look_step, 3, 4));
}

/* Hazard 32. Seen to fail: without task_leave_texts() and task_leave_frame() in guard.c the tasks go on, or fault; without
 * settle() the machine resets in the middle of a lock; without task_leave_objects() the queue is broken; without
 * texts_withdraw() the pointer's function writes. */
static void a_fault_catches_tasks_that_run(void)
{
    caught("fault", "fault", (enum withdraw_how[]){WITHDRAW_LOOP, WITHDRAW_LOOP}, 2);
}

static void a_fault_catches_tasks_that_sleep(void)
{
    caught("fault", "fault", (enum withdraw_how[]){WITHDRAW_SLEEP, WITHDRAW_NAP}, 2);
}

static void a_fault_catches_frames_below_others(void)
{
    caught("fault", "fault", (enum withdraw_how[]){WITHDRAW_BELOW}, 1);
}

static void a_fault_waits_for_locks(void)
{
    for (uint32_t i = 0; i < 5; i++)
        caught("fault", "fault", (enum withdraw_how[]){WITHDRAW_LOCK, WITHDRAW_LOCK}, 2);
}

static void a_fault_frees_a_queue_that_moves(void)
{
    caught("fault", "fault", (enum withdraw_how[]){WITHDRAW_QUEUE, WITHDRAW_QUEUE}, 2);
}

static const enum withdraw_how quiet_ones[] = {WITHDRAW_SLEEP, WITHDRAW_NAP,
                                               WITHDRAW_BELOW, WITHDRAW_QUEUE};

/* By NMI; tasks that use no time, or they would be found to loop first. */
static void a_stuck_cpu_catches_tasks_too(void)
{
    caught("stuck", "stuck", quiet_ones, ARRAY_LEN(quiet_ones));
}

static void all_at_once(void)
{
    static const enum withdraw_how all[] = {WITHDRAW_LOOP,  WITHDRAW_NAP,
                                            WITHDRAW_SLEEP, WITHDRAW_BELOW,
                                            WITHDRAW_LOCK,  WITHDRAW_QUEUE};
    for (uint32_t i = 0; i < 5; i++)
        caught("fault", "fault", all, ARRAY_LEN(all));
}

static struct {
    withdraw_fn fn;
    uint64_t tries;
    volatile uint64_t done;
} held;

static struct wait call_step(void *arg)
{
    (void)arg;
    if (held.tries++ == 0)
        held.fn();
    held.done = 1;
    return wait_done();
}

/* Nobody is in the text when it is withdrawn: only INT3 stops who comes to it later. */
static void a_pointer_to_new_text_leads_nowhere(void)
{
    uint64_t records = stale_count();
    struct stale_record record;
    (void)use_state(set_step, 1, 2);
    task_total = 0;
    ended = 0;
    uint64_t attempt = swap_to("fault");
    held.fn = withdraw_target_new();
    take_back(attempt, "fault");
    KTEST_CHECK(task_create("caller", call_step, NULL, NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&held.done, 1, PATIENCE_NS));
    KTEST_CHECK(held.tries == 2 && use_state(look_step, 1, 2));
    KTEST_CHECK(stale_count() == records + 1 && stale_at(0, &record) == STATUS_OK);
    KTEST_CHECK(strcmp(record.task, "caller") == 0 &&
                strstr(record.place, "write_state"));
    held.fn = NULL;
}

/* What a revert leaves behind does not stand in the way of the next swap. */
static void the_next_swap_finds_all_in_order(void)
{
    uint64_t attempt = swap_to("fault");
    KTEST_CHECK(evolve_revert(attempt, "test", "the test wants the old form") == STATUS_OK);
    (void)kswap_end(attempt);
    KTEST_CHECK(withdraw_target_version() == 1);
    attempt = swap_to("stuck");
    KTEST_CHECK(evolve_confirm(attempt) == STATUS_OK);
    KTEST_CHECK(kswap_end(attempt) == EVOLVE_PERMANENT);
    KTEST_CHECK(namespace_check(namespace_kernel()) == NULL);
}

enum status test_withdraw_start(void)
{
    static const struct ktest_case cases[] = {
        KTEST_CASE(a_fault_catches_tasks_that_run),
        KTEST_CASE(a_fault_catches_tasks_that_sleep),
        KTEST_CASE(a_fault_catches_frames_below_others),
        KTEST_CASE(a_fault_waits_for_locks),
        KTEST_CASE(a_fault_frees_a_queue_that_moves),
        KTEST_CASE(a_stuck_cpu_catches_tasks_too),
        KTEST_CASE(all_at_once),
        KTEST_CASE(a_pointer_to_new_text_leads_nowhere),
        KTEST_CASE(the_next_swap_finds_all_in_order),
    };
    return ktest_run(cases, ARRAY_LEN(cases));
}
