/* What channels say of themselves in a trial: messages arrive whole, once, and in order. */
/* SPDX-License-Identifier: MIT */
#include <task/channel/channel.h>

#include <lib/base/evolve.h>

enum { ROOM = 3 };

static const char *judge(struct channel *channel)
{
    uint64_t message;
    for (uint64_t i = 0; i < ROOM; i++) {
        message = i + 1;
        if (channel_try_send(channel, &message) != STATUS_OK)
            return "a message does not go into an empty buffer";
    }
    if (channel_try_send(channel, &message) != STATUS_AGAIN ||
        channel_count(channel) != ROOM)
        return "a buffer takes more messages than it has room for";
    for (uint64_t i = 0; i < ROOM; i++)
        if (channel_try_receive(channel, &message) != STATUS_OK || message != i + 1)
            return "messages do not arrive as they were sent";
    return channel_try_receive(channel, &message) == STATUS_AGAIN
               ? NULL
               : "a message arrives that nobody sent";
}

EVOLVE_CHECK(order)
{
    struct channel *channel = channel_new(uint64_t, ROOM);
    const char *wrong = channel != NULL ? judge(channel) : NULL;
    channel_destroy(channel);
    return wrong;
}
