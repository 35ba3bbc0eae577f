/* Cases about timers. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <time/clock/clock.h>
#include <time/timer/timer.h>

#define TIMERS 50u

static struct alarm {
    struct timer timer;
    uint64_t deadline_ns;
    uint64_t rang_ns;
    uint64_t rank;
} alarms[TIMERS];

static volatile uint64_t rings;

static void ring(void *arg)
{
    struct alarm *alarm = arg;
    alarm->rang_ns = clock_ns();
    alarm->rank = __atomic_add_fetch(&rings, 1, __ATOMIC_SEQ_CST);
}

/* Armed in a shuffled order on one CPU, 1 ms apart. */
void deadlines_come_in_order_and_not_early(void)
{
    static struct spinlock lock = SPINLOCK_INIT;
    uint64_t begin;
    spin_lock(&lock);
    begin = clock_ns() + 5 * NS_PER_MS;
    for (unsigned i = 0; i < TIMERS; i++) {
        unsigned k = i * 17 % TIMERS;
        alarms[k].deadline_ns = begin + k * NS_PER_MS;
        timer_init(&alarms[k].timer, ring, &alarms[k]);
        timer_arm(&alarms[k].timer, alarms[k].deadline_ns);
    }
    spin_unlock(&lock);
    KTEST_CHECK(ktest_until_count(&rings, TIMERS, 10 * NS_PER_S));
    for (unsigned k = 0; k < TIMERS; k++) {
        KTEST_CHECK(alarms[k].rank == k + 1);
        KTEST_CHECK(alarms[k].rang_ns >= alarms[k].deadline_ns);
    }
}

static volatile uint64_t cancelled_rings;

static void ring_cancelled(void *arg)
{
    (void)arg;
    count(&cancelled_rings);
}

void a_cancelled_timer_does_not_fire(void)
{
    static struct timer timer;
    timer_init(&timer, ring_cancelled, NULL);
    KTEST_CHECK(!timer_cancel(&timer));
    timer_arm(&timer, clock_ns() + 20 * NS_PER_MS);
    KTEST_CHECK(timer_cancel(&timer));
    KTEST_CHECK(!timer_cancel(&timer));
    ktest_sleep(40 * NS_PER_MS);
    KTEST_CHECK(cancelled_rings == 0);
    timer_arm(&timer, clock_ns() + NS_PER_S);
    timer_arm(&timer, clock_ns() + NS_PER_MS); /* replaces the first */
    KTEST_CHECK(ktest_until_count(&cancelled_rings, 1, 5 * NS_PER_S));
    KTEST_CHECK(!timer_cancel(&timer));
}

static volatile uint64_t periods;

static void ring_again(void *arg)
{
    struct timer *timer = arg;
    count(&periods);
    if (periods < 30)
        timer_arm(timer, clock_ns() + 200 * NS_PER_US);
}

void a_timer_can_arm_itself_again(void)
{
    static struct timer timer;
    timer_init(&timer, ring_again, &timer);
    timer_arm(&timer, 0);
    KTEST_CHECK(ktest_until_count(&periods, 30, 10 * NS_PER_S));
}
