/* Calls a function at a given time. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TIME_TIMER_TIMER_H
#define NEURATH_TIME_TIMER_TIMER_H

#include <lib/base/list.h>
#include <lib/base/status.h>

/* Each CPU keeps its own queue, sorted by deadline, and arms its local APIC for the earliest: a machine with nothing to do
 * has no ticks. Callbacks run in interrupt context on the CPU that armed the timer, with no lock held: short, signal an event. */

typedef void (*timer_fn)(void *arg);

/* Caller's memory; fields under the lock of the queue that it is on. */
struct timer {
    struct list link;
    uint64_t deadline_ns;
    timer_fn fn;
    void *arg;
    uint32_t cpu_plus_one; /* [a] whose queue it is on; 0 = on none */
    uint32_t zero;
};

void timer_init(struct timer *timer, timer_fn fn, void *arg);

/* Calls fn once at deadline_ns (clock_ns() time; the past means at once), on this CPU. Replaces an earlier deadline.
 * One caller at a time per timer. Any context. */
void timer_arm(struct timer *timer, uint64_t deadline_ns);

/* Takes TIMER off its queue; true when it was on one. A callback that has begun on another CPU is not waited
 * for: who frees the memory asks timer_running() first. */
bool timer_cancel(struct timer *timer);

/* True while fn of TIMER runs on some CPU. */
bool timer_running(const struct timer *timer);

/* For the scheduler: end of the running slice of this CPU, 0 = none. One more deadline beside the queue. */
void timer_slice_arm(uint64_t deadline_ns);

/* The callback that runs on this CPU, if there is one, has been given up; the queue goes on. Called by the cell interrupt. */
void timer_abandon(void);

/* VECTOR_TIMER; called by the cell interrupt. */
void timer_interrupt(void);

void timer_start(void);
void timer_start_cpu(void);

#endif
