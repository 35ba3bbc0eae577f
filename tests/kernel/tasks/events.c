/* Cases about events: no wake-up is lost, whenever it comes. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <time/clock/clock.h>

#define ROUNDS 20000u
#define WORKERS 6u
#define ITEMS 3000u

/* Two tasks hand a ball to and fro. A lost signal stops them for good. */
static struct {
    struct event moved;
    volatile uint64_t ball;
} court;

static struct wait player_step(void *arg)
{
    uint32_t seq = event_seq(&court.moved);
    if (court.ball >= ROUNDS)
        return wait_done();
    if (court.ball % 2 != (uint64_t)arg)
        return wait_event(&court.moved, seq, 0);
    court.ball++;
    event_signal(&court.moved);
    return wait_again();
}

void no_signal_is_lost_between_two_tasks(void)
{
    event_init(&court.moved);
    KTEST_CHECK(task_create("player", player_step, (void *)0, NULL) != NULL);
    KTEST_CHECK(task_create("player", player_step, (void *)1, NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&court.ball, ROUNDS, 60 * NS_PER_S));
}

/* Producers add work, consumers take it one by one and sleep when there is none; signals come from everywhere. */
static struct {
    struct event changed;
    volatile int64_t available;
    volatile uint64_t produced, consumed;
} market;

static bool take_one(void)
{
    int64_t seen = __atomic_load_n(&market.available, __ATOMIC_SEQ_CST);
    while (seen > 0)
        if (__atomic_compare_exchange_n(&market.available, &seen, seen - 1, false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
            return true;
    return false;
}

static struct wait consumer_step(void *arg)
{
    uint32_t seq = event_seq(&market.changed);
    (void)arg;
    if (market.consumed >= WORKERS * ITEMS)
        return wait_done();
    if (!take_one())
        return wait_event(&market.changed, seq, 0);
    count(&market.consumed);
    event_signal(&market.changed);
    return wait_again();
}

static struct wait producer_step(void *arg)
{
    uint64_t *left = arg;
    if (*left == 0)
        return wait_done();
    --*left;
    __atomic_add_fetch(&market.available, 1, __ATOMIC_SEQ_CST);
    count(&market.produced);
    event_signal(&market.changed);
    return *left % 16 == 0 ? wait_until(clock_ns() + 50 * NS_PER_US) : wait_again();
}

void no_signal_is_lost_among_many(void)
{
    static uint64_t left[WORKERS];
    event_init(&market.changed);
    for (unsigned i = 0; i < WORKERS; i++) {
        left[i] = ITEMS;
        KTEST_CHECK(task_create("consumer", consumer_step, NULL, NULL) != NULL);
        KTEST_CHECK(task_create("producer", producer_step, &left[i], NULL) != NULL);
    }
    KTEST_CHECK(ktest_until_count(&market.consumed, WORKERS * ITEMS, 60 * NS_PER_S));
    KTEST_CHECK(market.produced == WORKERS * ITEMS);
}

static struct event bell;
static volatile uint64_t bell_heard, bell_waiting;

static struct wait listener_step(void *arg)
{
    uint32_t *seen = arg;
    uint32_t seq = event_seq(&bell);
    if (seq != 0) {
        *seen = seq;
        count(&bell_heard);
        return wait_done();
    }
    count(&bell_waiting);
    return wait_event(&bell, seq, 0);
}

void an_event_wakes_all_its_waiters(void)
{
    static uint32_t seen[10];
    event_init(&bell);
    for (unsigned i = 0; i < ARRAY_LEN(seen); i++)
        KTEST_CHECK(task_create("listener", listener_step, &seen[i], NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&bell_waiting, ARRAY_LEN(seen), 5 * NS_PER_S));
    event_signal(&bell);
    KTEST_CHECK(ktest_until_count(&bell_heard, ARRAY_LEN(seen), 5 * NS_PER_S));
}

static struct event silence;
static volatile uint64_t silence_end;
static uint64_t silence_deadline;

static struct wait patient_step(void *arg)
{
    (void)arg;
    if (silence_deadline == 0) {
        silence_deadline = clock_ns() + 30 * NS_PER_MS;
        return wait_event(&silence, event_seq(&silence), silence_deadline);
    }
    silence_end = clock_ns();
    return wait_done();
}

void an_event_wait_ends_at_its_deadline(void)
{
    event_init(&silence);
    KTEST_CHECK(task_create("patient", patient_step, NULL, NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&silence_end, 1, 5 * NS_PER_S));
    KTEST_CHECK(silence_end >= silence_deadline);
    KTEST_CHECK(list_empty(&silence.waiters));
}
