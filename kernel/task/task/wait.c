/* Events and wait queues: what wakes tasks. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <lib/base/atomic.h>

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
