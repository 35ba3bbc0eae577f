/* Cases about the gate that keeps all other tasks where they are. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <task/entry/entry.h>
#include <time/clock/clock.h>

static volatile uint64_t busy_stop, busy_steps, busy_loops, busy_ended;

/* Steps that are longer than what a case waits, and short ones. */
static struct wait busy_step(void *arg)
{
    uint64_t end = clock_ns() + (arg ? 200 * NS_PER_MS : NS_PER_US);
    count(&busy_steps);
    while (!busy_stop && clock_ns() < end)
        count(&busy_loops);
    if (!busy_stop)
        return wait_again();
    count(&busy_ended);
    return wait_done();
}

static void busy_begin(unsigned tasks)
{
    busy_stop = 0;
    busy_ended = 0;
    for (unsigned i = 0; i < tasks; i++)
        KTEST_CHECK(
            task_create("gate busy", busy_step, (void *)(uint64_t)(i % 2), NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&busy_steps, busy_steps + 1, 5 * NS_PER_S));
}

static void busy_end(unsigned tasks)
{
    busy_stop = 1;
    KTEST_CHECK(ktest_until_count(&busy_ended, tasks, 10 * NS_PER_S));
}

static bool none_runs(struct task *task, void *arg)
{
    if (task != task_current() && task_state(task) == TASK_RUNNING)
        *(bool *)arg = false;
    return true;
}

static bool all_stand(void *arg)
{
    bool stand = true;
    (void)arg;
    task_for_each(none_runs, &stand);
    return stand;
}

/* Also those that are made, signalled or due meanwhile, and those that are in the middle of a long step. */
void a_closed_gate_keeps_all_other_tasks(void)
{
    unsigned tasks = 2 * cpu_count() + 1;
    busy_begin(tasks - 1);
    KTEST_CHECK(task_gate_close(clock_ns() + 20 * NS_PER_S));
    KTEST_CHECK(task_gate_mine());
    KTEST_CHECK(ktest_until(all_stand, NULL, 5 * NS_PER_S));
    uint64_t loops = busy_loops;
    KTEST_CHECK(task_create("gate busy", busy_step, NULL, NULL) != NULL);
    ktest_sleep(30 * NS_PER_MS);
    KTEST_CHECK(busy_loops == loops);
    KTEST_CHECK(task_check());
    task_gate_open();
    KTEST_CHECK(!task_gate_mine());
    KTEST_CHECK(ktest_until_count(&busy_loops, loops + 100, 5 * NS_PER_S));
    busy_end(tasks);
}

static bool gate_gone(void *arg)
{
    (void)arg;
    return !task_gate_mine();
}

/* Without the gate's timer this case never ends. */
void a_gate_opens_by_itself_at_its_deadline(void)
{
    uint64_t begin = clock_ns();
    busy_begin(2);
    KTEST_CHECK(task_gate_close(clock_ns() + 50 * NS_PER_MS));
    KTEST_CHECK(ktest_until(gate_gone, NULL, 10 * NS_PER_S));
    KTEST_CHECK(clock_ns() - begin >= 50 * NS_PER_MS);
    KTEST_CHECK(!task_gate_seal());
    uint64_t loops = busy_loops;
    KTEST_CHECK(ktest_until_count(&busy_loops, loops + 100, 5 * NS_PER_S));
    KTEST_CHECK(task_gate_close(clock_ns() + 50 * NS_PER_MS) && task_gate_seal());
    ktest_sleep(100 * NS_PER_MS);
    KTEST_CHECK(task_gate_mine());
    task_gate_open();
    busy_end(2);
}

static volatile uint64_t closed_by_keeper, keeper_steps;

/* Leaves the gate closed, and faults. */
static struct wait keeper_step(void *arg)
{
    (void)arg;
    count(&keeper_steps);
    if (keeper_steps > 1)
        return wait_done();
    closed_by_keeper = task_gate_close(clock_ns() + 1000 * NS_PER_S) && task_gate_seal();
    __asm__ volatile("ud2");
    return wait_done();
}

/* Without gate_abandon() nothing ever runs again. */
void a_gate_opens_when_its_owner_faults(void)
{
    KTEST_CHECK(task_create("keeper", keeper_step, NULL, NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&keeper_steps, 2, 10 * NS_PER_S));
    KTEST_CHECK(closed_by_keeper == 1);
    KTEST_CHECK(task_gate_close(clock_ns() + NS_PER_S));
    task_gate_open();
}

static volatile uint64_t long_begun, long_ended;

static struct wait long_step(void *arg)
{
    (void)arg;
    count(&long_begun);
    uint64_t end = clock_ns() + 30 * NS_PER_MS;
    while (clock_ns() < end)
        cpu_pause();
    count(&long_ended);
    return long_ended < 2 ? wait_again() : wait_done();
}

static bool let_pass(struct task *task, void *arg)
{
    char name[TASK_NAME_MAX];
    (void)arg;
    task_name_copy(task, name);
    if (name[0] == 'l' && name[1] == 'o' && name[2] == 'n' &&
        task_state(task) == TASK_READY)
        task_gate_pass(task);
    return true;
}

static bool long_is_over(void *arg)
{
    task_for_each(let_pass, arg);
    return long_ended == 1;
}

/* It ends the step in which it was preempted, and begins no other. */
void a_task_that_passes_ends_its_step_and_no_more(void)
{
    KTEST_CHECK(task_create("long", long_step, NULL, NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&long_begun, 1, 5 * NS_PER_S));
    KTEST_CHECK(task_gate_close(clock_ns() + 20 * NS_PER_S));
    KTEST_CHECK(ktest_until(long_is_over, NULL, 5 * NS_PER_S));
    ktest_sleep(20 * NS_PER_MS);
    KTEST_CHECK(long_begun == 1 && long_ended == 1);
    task_gate_open();
    KTEST_CHECK(ktest_until_count(&long_ended, 2, 5 * NS_PER_S));
}
