/* Events and wait queues: what wakes tasks. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <lib/base/atomic.h>
#include <lib/base/evolve.h>

void event_init(struct event *event)
{
    event->seq = 0;
    event->zero = 0;
    list_init(&event->waiters);
}

uint32_t event_seq(const struct event *event)
{
    return atomic_load(&event->seq);
}

static bool has_waiters(const struct event *event)
{
    const struct list *first = __atomic_load_n(&event->waiters.next, __ATOMIC_ACQUIRE);
    return first != NULL && first != &event->waiters;
}

void event_signal(struct event *event)
{
    struct scheduler *scheduler = scheduler_state();
    atomic_add(&event->seq,
               1); /* a full barrier: a task that we do not see below sees the new number */
    if (!has_waiters(event))
        return;
    spin_lock(&scheduler->lock);
    scheduler_signal(event);
    spin_unlock(&scheduler->lock);
}

/* Whoever waits, or was woken and has not ended a step since: `wait` stays as it is while tasks stand. Their place in the
 * list does not, for timers go on; so both links are named, wherever they lead. */
void event_walk(struct evolve_walk *walk, const struct event *event)
{
    struct task *task;
    list_for_each(task, &scheduler_state()->tasks, all)
    {
        if (task->wait.event != event)
            continue;
        evolve_pointer(walk, &task->wait.event);
        evolve_list(walk, &task->queue);
    }
}

void wait_queue_init(struct wait_queue *queue)
{
    spin_init(&queue->lock);
    list_init(&queue->waiters);
}

bool wait_queue_wake_one(struct wait_queue *queue)
{
    struct scheduler *scheduler = scheduler_state();
    bool woken = false;
    spin_lock(&scheduler->lock);
    if (!list_empty(&queue->waiters)) {
        scheduler_wake(list_first(&queue->waiters, struct task, queue), SLEEP_WOKEN);
        woken = true;
    }
    spin_unlock(&scheduler->lock);
    return woken;
}

bool wait_queue_wake_all(struct wait_queue *queue)
{
    bool woken = false;
    while (wait_queue_wake_one(queue))
        woken = true;
    return woken;
}
