/* Channels between tasks: messages of one length, each received once, in the order in which they were sent. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TASK_CHANNEL_CHANNEL_H
#define NEURATH_TASK_CHANNEL_CHANNEL_H

#include <lib/base/memory.h>
#include <task/task/task.h>

/* A rendezvous channel lets a sender go on when its message has been received; a buffered one when it is in the buffer.
 * Operations that block may be asked to leave by a swap at any time (task.h, Q2): a message that was offered and not yet
 * received is taken back, so none is lost or doubled. They are inline, so that what waits stands in the frozen
 * restartable_call() and in the caller's own step, never in a frame of this cell that cannot leave.
 * The channel belongs to who made it; messages that nobody received go with it. A task that is given up in the middle (a
 * fault) leaves no pointer behind: messages are copied. Thesis 9.1.1. Deadlines in clock_ns() time, 0 = none. */
struct channel;

enum { CHANNEL_MESSAGE_MAX = 4096, CHANNEL_ROOM_MAX = 4096 };

/* Ends CHANNEL (NULL accepted), in which no operation may be going on. */
void channel_destroy(struct channel *channel);
/* Makes a channel for messages that are objects of TYPE (`struct mail`, `uint64_t`), with room for ROOM of them; ROOM 0:
 * rendezvous. NULL: no memory, or more than the maximum of either. End it with channel_destroy().
 * The cell is noted to have such objects where nobody finds them (mm/heap/typed.h): a channel keeps the length of its
 * messages as long as it lives, so a swap in which TYPE has another form is refused. */
#define channel_new(type, room)                                                          \
    ({                                                                                   \
        HEAP_HOLDS(type);                                                                \
        channel_create(sizeof(type), room);                                              \
    })

/* One operation in progress; its fields are for channel_send() and channel_receive(). */
struct channel_call {
    struct channel *channel;
    const void *message;
    void *out;
    uint64_t deadline_ns;
};

/* Restartable: sends call->message, receives to call->out. ARG is a struct channel_call. */
enum status channel_send_again(void *arg);
enum status channel_receive_again(void *arg);

/* Sends MESSAGE. Only inside a task, no lock held.
 * STATUS_TIMEOUT: not received (rendezvous) or no room (buffered) by then; STATUS_CLOSED. Nobody gets the message then. */
NODISCARD static inline enum status channel_send(struct channel *channel,
                                                 const void *message, uint64_t deadline_ns)
{
    struct channel_call call = {
        .channel = channel, .message = message, .deadline_ns = deadline_ns};
    return restartable_call(channel_send_again, &call);
}

/* Receives the oldest message into OUT. Only inside a task, no lock held.
 * STATUS_TIMEOUT: none came; STATUS_CLOSED: and none is left. */
NODISCARD static inline enum status channel_receive(struct channel *channel, void *out,
                                                    uint64_t deadline_ns)
{
    struct channel_call call = {.channel = channel, .out = out, .deadline_ns = deadline_ns};
    return restartable_call(channel_receive_again, &call);
}

/* The same without waiting, for step functions: STATUS_AGAIN, then channel_event() says when to ask again.
 * A rendezvous channel has no room to leave a message in: STATUS_INVALID. */
NODISCARD enum status channel_try_send(struct channel *channel, const void *message);
NODISCARD enum status channel_try_receive(struct channel *channel, void *out);
/* Signalled when a message came or went, or the channel was closed. Lent as long as the channel. */
struct event *channel_event(struct channel *channel);

/* No more messages are sent; who waits ends with STATUS_CLOSED, after what is in the buffer has been received. */
void channel_close(struct channel *channel);

/* Messages that were sent and not yet received. */
uint32_t channel_count(struct channel *channel);

/* For channel_new() only: says nothing of what MESSAGE_LEN bytes are. */
struct channel *channel_create(uint32_t message_len, uint32_t room)
    GIVES_MEMORY(channel_destroy);

#endif
