/* Work items: how owners ask the net task for something, and how it answers with their events. */
/* SPDX-License-Identifier: MIT */
#include "net_private.h"

void work_init(struct work *work, enum work_kind kind, struct event *event)
{
    work->kind = kind;
    spin_init(&work->lock);
    list_init(&work->link);
    event_init(&work->own_event);
    work->event = event != NULL ? event : &work->own_event;
}

void work_request(struct work *work, uint32_t wants)
{
    spin_lock(&net.lock);
    work->wants |= wants;
    if (!work->queued) {
        work->queued = true;
        work->next = net.work;
        net.work = work;
    }
    spin_unlock(&net.lock);
    net_wake();
}

void work_leave(struct work *work, uint32_t wants)
{
    spin_lock(&work->lock);
    work->left = true;
    spin_unlock(&work->lock);
    work_request(work, wants);
}

void work_signal(struct work *work)
{
    spin_lock(&work->lock);
    if (!work->left)
        event_signal(work->event);
    spin_unlock(&work->lock);
}

void work_link(struct work *work)
{
    spin_lock(&net.lock);
    if (list_empty(&work->link))
        list_push_back(&net.objects, &work->link);
    spin_unlock(&net.lock);
}

void work_unlink(struct work *work)
{
    spin_lock(&net.lock);
    list_remove(&work->link);
    struct work **at = &net.work;
    while (work->queued && *at != work)
        at = &(*at)->next;
    if (work->queued)
        *at = work->next;
    work->queued = false;
    spin_unlock(&net.lock);
}
