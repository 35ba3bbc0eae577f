/* A cell whose data change their form, with operations in which a task of the new version is caught. */
/* SPDX-License-Identifier: MIT */
#include "withdraw_target.h"

#include <time/clock/clock.h>

#define HOLD_NS (200 * NS_PER_US)

#if defined VARIANT_fault || defined VARIANT_stuck
#define VERSION 2u
/* A write to `second` hits `first` of version 1, one to `added` the queue. */
static struct {
    uint64_t second;
    uint64_t first;
    uint64_t added[2];
    struct wait_queue queue;
    bool ready;
} state;
#else
#define VERSION 1u
static struct {
    uint64_t first;
    uint64_t second;
    struct wait_queue queue;
    bool ready;
} state;
#endif

uint32_t withdraw_target_version(void)
{
    return VERSION;
}

void withdraw_target_set(uint64_t first, uint64_t second)
{
    if (!state.ready)
        wait_queue_init(&state.queue);
    state.ready = true;
    state.first = first;
    state.second = second;
}

bool withdraw_target_is(uint64_t first, uint64_t second)
{
    return state.first == first && state.second == second &&
           state.queue.waiters.next == &state.queue.waiters &&
           state.queue.waiters.prev == &state.queue.waiters;
}

void withdraw_target_wake(void)
{
    spin_lock(&state.queue.lock);
    (void)wait_queue_wake_all(&state.queue);
    spin_unlock(&state.queue.lock);
}

#if VERSION == 1
void withdraw_target_dwell(struct withdraw_task *task)
{
    task->old = task->old + 1;
}

void withdraw_target_misbehave(void) {}

withdraw_fn withdraw_target_new(void)
{
    return NULL;
}
#else
static void write_state(void)
{
    state.second = 77;
}

withdraw_fn withdraw_target_new(void)
{
    return write_state;
}

static void nap(struct wait_queue *queue, uint64_t deadline_ns)
{
    spin_lock(&queue->lock);
    (void)wait_queue_sleep(queue, deadline_ns);
}

/* Whoever is made to run on in the middle of this must have changed both, or none. */
static void hold_lock(struct withdraw_task *task)
{
    spin_lock(&task->lock);
    task->pair[0] = task->pair[0] + 1;
    clock_delay_ns(HOLD_NS);
    task->pair[1] = task->pair[1] + 1;
    spin_unlock(&task->lock);
}

static void dwell_once(struct withdraw_task *task)
{
    switch (task->how) {
    case WITHDRAW_NAP: nap(&task->queue, clock_ns() + NS_PER_MS); break;
    case WITHDRAW_SLEEP: nap(&task->queue, 0); break;
    case WITHDRAW_QUEUE: nap(&state.queue, 0); break;
    case WITHDRAW_BELOW: task->below(task, &state.second); break;
    case WITHDRAW_LOCK: hold_lock(task); break;
    default: __asm__ volatile("pause" ::: "memory");
    }
}

void withdraw_target_dwell(struct withdraw_task *task)
{
    task->inside = 1;
    do
        dwell_once(task);
    while (!task->go);
    state.second = 77;
    state.added[0] = 77;
    state.added[1] = 77;
}

static volatile uint32_t *volatile nowhere = (volatile uint32_t *)8;

void withdraw_target_misbehave(void)
{
#ifdef VARIANT_fault
    *nowhere = 1;
#else
    (void)interrupts_off();
    while (nowhere)
        __asm__ volatile("pause" ::: "memory");
#endif
}
#endif
