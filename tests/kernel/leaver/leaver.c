/* A cell that nobody calls, with tasks that nap, run, wait for an event, and are blocked in a channel. */
/* SPDX-License-Identifier: MIT */
#include <tests/kernel/leaver_state/leaver_state.h>
#include <time/clock/clock.h>

enum status leaver_start(void);

/* Its own: a cell that has to begin anew counts from 0. */
static uint64_t naps, runs, calls, sum;

static struct wait nap_step(void *arg)
{
    (void)arg;
    leaver_state()->naps = ++naps;
    return wait_until(clock_ns() + NS_PER_MS);
}

static struct wait run_step(void *arg)
{
    uint64_t end = clock_ns() + LEAVER_STEP_MS * NS_PER_MS;
    (void)arg;
    while (clock_ns() < end)
        cpu_pause();
    leaver_state()->runs = ++runs;
    return wait_again();
}

static struct wait wait_step(void *arg)
{
    uint32_t seq = event_seq(&leaver_state()->event);
    (void)arg;
    leaver_state()->calls = ++calls;
    return wait_event(&leaver_state()->event, seq, 0);
}

static struct wait take_step(void *arg)
{
    uint64_t number;
    (void)arg;
    if (channel_receive(leaver_channel(), &number, 0) != STATUS_OK)
        return wait_done();
    sum += number;
    leaver_state()->sum = sum;
    return wait_again();
}

#ifndef VARIANT_brief
static uint32_t answer(void)
{
    return LEAVER_ANSWER;
}

static uint32_t doze(uint64_t ns)
{
    uint32_t (*volatile fn)(void);
    struct wait_queue bed;
    uint64_t end = clock_ns() + ns;
    wait_queue_init(&bed);
    while (clock_ns() < end) {
        spin_lock(&bed.lock);
        (void)wait_queue_sleep(&bed, end);
    }
    fn = answer;
    return fn();
}
#endif

enum status leaver_start(void)
{
    if (!leaver_state()->wanted)
        return STATUS_OK;
    leaver_state()->object = &naps;
#ifndef VARIANT_brief
    leaver_state()->doze = doze;
#endif
    if (leaver_state()->wanted == 2)
        return STATUS_OK;
    return leaver_channel() && task_create("leaver_naps", nap_step, NULL, NULL) &&
                   task_create("leaver_runs", run_step, NULL, NULL) &&
                   task_create("leaver_waits", wait_step, NULL, NULL) &&
                   task_create("leaver_takes", take_step, NULL, NULL)
               ? STATUS_OK
               : STATUS_FULL;
}
