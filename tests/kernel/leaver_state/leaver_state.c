/* What the tasks of leaver have done. */
/* SPDX-License-Identifier: MIT */
#include "leaver_state.h"

static struct leaver_state state;
static struct channel *channel;

struct leaver_state *leaver_state(void)
{
    return &state;
}

struct channel *leaver_channel(void)
{
    if (channel == NULL)
        channel = channel_new(uint64_t, 4);
    return channel;
}
