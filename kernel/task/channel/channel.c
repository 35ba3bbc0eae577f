/* Channels: a ring of messages under one lock, with one queue for all who wait. */
/* SPDX-License-Identifier: MIT */
#include <task/channel/channel.h>

#include <lib/base/evolve.h>
#include <mm/heap/heap.h>
#include <string.h>

/* Invariants:
 *  1. sent - received is the number of messages in the ring, at most `places`;
 *  2. the message with number N (from 0) lies in place N % places;
 *  3. only the newest message is ever taken back, by the sender that put it there: the ring of a rendezvous channel has
 *     one place, and the sender waits until its message has gone.
 * A rendezvous is a ring of one place whose sender stays. A sender finds its own message by its number, never by an
 * address, so nothing of a task that was given up is left. */
struct channel {
    struct wait_queue queue; /* its lock guards all fields */
    struct event event;
    uint64_t sent;        /* [L] */
    uint64_t received;    /* [L] */
    uint32_t message_len; /* [I] */
    uint32_t places;      /* [I] */
    bool rendezvous;      /* [I] */
    bool closed;          /* [L] */
    uint8_t ring[];       /* [L] */
};

struct channel *channel_create(uint32_t message_len, uint32_t room)
{
    uint32_t places = room ? room : 1;
    struct channel *channel;
    if (message_len == 0 || message_len > CHANNEL_MESSAGE_MAX || room > CHANNEL_ROOM_MAX)
        return NULL;
    channel = heap_new_with(struct channel, (size_t)message_len * places);
    if (channel == NULL)
        return NULL;
    wait_queue_init(&channel->queue);
    event_init(&channel->event);
    channel->message_len = message_len;
    channel->places = places;
    channel->rendezvous = room == 0;
    return channel;
}

void channel_destroy(struct channel *channel)
{
    heap_free(channel);
}

struct event *channel_event(struct channel *channel)
{
    return &channel->event;
}

static void lock(struct channel *channel)
{
    spin_lock(&channel->queue.lock);
}

/* Tells everybody that something changed, and gives the lock back. */
static void unlock_changed(struct channel *channel)
{
    (void)wait_queue_wake_all(&channel->queue);
    event_signal(&channel->event);
    spin_unlock(&channel->queue.lock);
}

static uint8_t *place_of(struct channel *channel, uint64_t number)
{
    return channel->ring + number % channel->places * channel->message_len;
}

static bool is_full(const struct channel *channel)
{
    return channel->sent - channel->received == channel->places;
}

static bool is_empty(const struct channel *channel)
{
    return channel->sent == channel->received;
}

/* Lock held; sleeps, and holds it again. STATUS_RESTART, STATUS_TIMEOUT: why the caller is to leave, if it still has to wait. */
static enum status wait_for_change(struct channel *channel, uint64_t deadline_ns)
{
    enum sleep_result result = wait_queue_sleep(&channel->queue, deadline_ns);
    lock(channel);
    switch (result) {
    case SLEEP_RESTART: return STATUS_RESTART;
    case SLEEP_TIMEOUT: return STATUS_TIMEOUT;
    default: return STATUS_OK;
    }
}

/* Lock held, there is room. Gives the message's number. */
static uint64_t put(struct channel *channel, const void *message)
{
    memcpy(place_of(channel, channel->sent), message, channel->message_len);
    return channel->sent++;
}

static void take(struct channel *channel, void *out)
{
    memcpy(out, place_of(channel, channel->received), channel->message_len);
    channel->received++;
}

/* Lock held. Waits until message NUMBER has been received; else takes it back (invariant 3). */
static enum status meet(struct channel *channel, uint64_t number, uint64_t deadline_ns)
{
    enum status status = STATUS_OK;
    (void)wait_queue_wake_all(&channel->queue);
    event_signal(&channel->event);
    while (channel->received <= number && !channel->closed && status == STATUS_OK)
        status = wait_for_change(channel, deadline_ns);
    if (channel->received > number)
        return STATUS_OK;
    channel->sent--;
    return channel->closed ? STATUS_CLOSED : status;
}

enum status channel_send_again(void *arg)
{
    const struct channel_call *call = arg;
    struct channel *channel = call->channel;
    enum status status = STATUS_OK;
    lock(channel);
    while (is_full(channel) && !channel->closed && status == STATUS_OK)
        status = wait_for_change(channel, call->deadline_ns);
    if (channel->closed)
        status = STATUS_CLOSED;
    else if (!is_full(channel)) { /* there is room: whoever wants us out can wait for that */
        uint64_t number = put(channel, call->message);
        status =
            channel->rendezvous ? meet(channel, number, call->deadline_ns) : STATUS_OK;
    }
    unlock_changed(channel);
    return status;
}

enum status channel_receive_again(void *arg)
{
    const struct channel_call *call = arg;
    struct channel *channel = call->channel;
    enum status status = STATUS_OK;
    lock(channel);
    while (is_empty(channel) && !channel->closed && status == STATUS_OK)
        status = wait_for_change(channel, call->deadline_ns);
    if (!is_empty(channel)) {
        take(channel, call->out);
        status = STATUS_OK;
    } else if (channel->closed) {
        status = STATUS_CLOSED;
    }
    unlock_changed(channel);
    return status;
}

enum status channel_try_send(struct channel *channel, const void *message)
{
    enum status status = STATUS_OK;
    if (channel->rendezvous)
        return STATUS_INVALID;
    lock(channel);
    if (channel->closed || is_full(channel)) {
        status = channel->closed ? STATUS_CLOSED : STATUS_AGAIN;
        spin_unlock(&channel->queue.lock);
        return status;
    }
    (void)put(channel, message);
    unlock_changed(channel);
    return status;
}

enum status channel_try_receive(struct channel *channel, void *out)
{
    lock(channel);
    if (is_empty(channel)) {
        enum status status = channel->closed ? STATUS_CLOSED : STATUS_AGAIN;
        spin_unlock(&channel->queue.lock);
        return status;
    }
    take(channel, out);
    unlock_changed(channel);
    return STATUS_OK;
}

void channel_close(struct channel *channel)
{
    lock(channel);
    channel->closed = true;
    unlock_changed(channel);
}

uint32_t channel_count(struct channel *channel)
{
    lock(channel);
    uint32_t count = (uint32_t)(channel->sent - channel->received);
    spin_unlock(&channel->queue.lock);
    return count;
}

/* What they are given lies on their caller's stack. */
EVOLVE_LENT(channel_send_again);
EVOLVE_LENT(channel_receive_again);
