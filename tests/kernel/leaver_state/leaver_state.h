/* What a test and the tasks of the cell leaver know of each other. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_KERNEL_LEAVER_STATE_H
#define NEURATH_TESTS_KERNEL_LEAVER_STATE_H

#include <task/channel/channel.h>

enum { LEAVER_TASKS = 4, LEAVER_STEP_MS = 20, LEAVER_ANSWER = 77 };

/* A removed cell can have no callers, so it says here what its own counters say. */
struct leaver_state {
    volatile uint64_t
        wanted; /* its start hook makes the tasks below; 2: only says what follows them */
    volatile uint64_t naps;  /* steps of `leaver_naps`, a millisecond apart */
    volatile uint64_t runs;  /* steps of `leaver_runs`, of LEAVER_STEP_MS each */
    volatile uint64_t calls; /* steps of `leaver_waits`, for the event */
    volatile uint64_t sum;   /* of what `leaver_takes` has received */
    struct event event;
    /* Set by the start hook with the tasks. */
    uint64_t *volatile object; /* one of its own, where it counts naps */
    uint32_t (*volatile doze)(
        uint64_t ns); /* sleeps, then calls by pointer who gives LEAVER_ANSWER */
};

/* Lends the one there is. */
struct leaver_state *leaver_state(void);
/* Lends the channel in which `leaver_takes` is blocked: messages of 8 bytes, room for 4. NULL: no memory. */
struct channel *leaver_channel(void);

#endif
