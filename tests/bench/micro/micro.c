/* The thesis' microbenchmarks (Table 9.4): null call, context switch, a task from a fresh cell, a page, a channel. */
/* SPDX-License-Identifier: MIT */
#include <console/console/console.h>
#include <core/archive/archive.h>
#include <core/plan/plan.h>
#include <mm/frame/frame.h>
#include <mm/paging/paging.h>
#include <stdio.h>
#include <task/channel/channel.h>
#include <tests/kernel/ktest/ktest.h>
#include <time/clock/clock.h>

#define PATIENCE_NS (120 * NS_PER_S)

enum {
    CALLS = 1000000,
    SWITCHES = 100000,
    FRESH = 50, /* copies of the fresh cell in the archive */
    PAGES = 20000,
    TRIPS = 20000,
};

/* A page of the window for device registers, far above what is ever mapped there. */
#define PAGE_VA (PAGING_MMIO_BASE + (1ull << 38))

enum status bench_micro_start(void);

static uint64_t tsc(void)
{
    uint32_t low;
    uint32_t high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}

/* In picoseconds each, so that a nanosecond (an instruction of the virtual clock) has digits. */
static void tell(const char *what, uint64_t count, uint64_t ticks)
{
    uint64_t per_ms = clock_tsc_hz() / 1000;
    uint64_t ns = ticks / per_ms * 1000000 + ticks % per_ms * 1000000 / per_ms;
    console_print("micro: %s %lu %lu\n", what, count, ns * 1000 / count);
}

/* ---- null call ----------------------------------------------------------------------------- */

/* What getpid() is elsewhere, as in the thesis: who am I? */
static void null_call(void)
{
    uint64_t begin = tsc();
    for (uint32_t i = 0; i < CALLS; i++)
        (void)task_current();
    tell("null", CALLS, tsc() - begin);
}

/* ---- context switch ------------------------------------------------------------------------ */

static struct {
    uint64_t steps;
    uint64_t begin;
    uint64_t ticks;
    volatile uint64_t ended;
} turns;

/* Two of these take turns; a turn is one step, from the scheduler and back. */
static struct wait turn_step(void *arg)
{
    (void)arg;
    if (turns.steps == 0)
        turns.begin = tsc();
    if (turns.steps == SWITCHES)
        turns.ticks = tsc() - turns.begin;
    if (turns.steps++ < SWITCHES)
        return wait_again();
    turns.ended++;
    return wait_done();
}

static void context_switch(void)
{
    static const struct task_options here = {.cpu_plus_one = 1};
    KTEST_CHECK(task_create("turn", turn_step, NULL, &here) != NULL);
    KTEST_CHECK(task_create("turn", turn_step, NULL, &here) != NULL);
    KTEST_CHECK(ktest_until_count(&turns.ended, 2, PATIENCE_NS));
    tell("switch", SWITCHES, turns.ticks);
}

/* ---- a task from a fresh cell -------------------------------------------------------------- */

static volatile uint64_t ran;

/* Loads copy number I of the cell and makes a task of it. Gives false if that failed. */
static bool start_fresh(uint32_t i, uint64_t *out_ticks)
{
    static struct plan_report report;
    char name[CELL_NAME_MAX + 1];
    char path[CELL_NAME_MAX + 16];
    struct archive_entry file;
    struct plan *plan;
    snprintf(path, sizeof path, "fresh/fresh_%03u.o", i + 1);
    if (archive_find(path, &file) != STATUS_OK)
        return false;
    struct plan_object object = {.bytes = file.bytes, .len = file.len};
    uint64_t begin = tsc();
    if (plan_create(namespace_kernel(), &object, 1, NULL, 0, &plan, &report) != STATUS_OK) {
        console_print("micro: %s: %s\n", path, report.refusals[0].text);
        return false;
    }
    plan_enter(plan);
    plan_commit(plan);
    struct version *v = plan->cells[0].fresh;
    snprintf(name, sizeof name, "fresh_%03u_step", i + 1);
    int64_t f = version_export(v, name);
    bool good = f >= 0 && task_create("fresh", (task_step_fn)v->functions[f].va,
                                      (void *)&ran, NULL) != NULL;
    *out_ticks += tsc() - begin;
    plan_destroy(plan);
    return good;
}

/* From the bytes of its object to a task that may run; that it has run is checked. */
static void task_of_a_fresh_cell(void)
{
    uint64_t ticks = 0;
    for (uint32_t i = 0; i < FRESH; i++)
        KTEST_CHECK(start_fresh(i, &ticks));
    KTEST_CHECK(ktest_until_count(&ran, FRESH, PATIENCE_NS));
    tell("fresh", FRESH, ticks);
}

/* ---- a page -------------------------------------------------------------------------------- */

static void page(void)
{
    bool good = true;
    uint64_t begin = tsc();
    for (uint32_t i = 0; i < PAGES; i++) {
        uint64_t phys;
        if (frame_take(&phys) != STATUS_OK ||
            paging_map(PAGE_VA, phys, 1, PAGING_WRITE) != STATUS_OK) {
            good = false;
            break;
        }
        *(volatile uint8_t *)PAGE_VA = 1;
        paging_unmap(PAGE_VA, 1);
        frame_put(phys);
    }
    tell("page", PAGES, tsc() - begin);
    KTEST_CHECK(good);
}

/* ---- a channel ----------------------------------------------------------------------------- */

static struct channel *there, *back;
static volatile uint64_t trips_ended;
static uint64_t trips_ticks;

static struct wait ping_step(void *arg)
{
    (void)arg;
    bool good = true;
    uint64_t begin = tsc();
    for (uint32_t i = 0; i < TRIPS && good; i++) {
        uint8_t sent = (uint8_t)i;
        uint8_t got = 0;
        good = channel_send(there, &sent, 0) == STATUS_OK &&
               channel_receive(back, &got, 0) == STATUS_OK && got == sent;
    }
    trips_ticks = tsc() - begin;
    KTEST_CHECK(good);
    trips_ended++;
    return wait_done();
}

static struct wait pong_step(void *arg)
{
    uint8_t message;
    (void)arg;
    for (uint32_t i = 0; i < TRIPS; i++)
        if (channel_receive(there, &message, 0) != STATUS_OK ||
            channel_send(back, &message, 0) != STATUS_OK)
            return wait_done();
    return wait_done();
}

/* One byte there and back, by two buffered channels. */
static void channel_round_trip(void)
{
    there = channel_new(uint8_t, 1);
    back = channel_new(uint8_t, 1);
    KTEST_CHECK(there != NULL && back != NULL);
    KTEST_CHECK(task_create("pong", pong_step, NULL, NULL) != NULL);
    KTEST_CHECK(task_create("ping", ping_step, NULL, NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&trips_ended, 1, PATIENCE_NS));
    tell("channel", TRIPS, trips_ticks);
}

enum status bench_micro_start(void)
{
    static const struct ktest_case cases[] = {
        KTEST_CASE(null_call),
        KTEST_CASE(context_switch),
        KTEST_CASE(task_of_a_fresh_cell),
        KTEST_CASE(page),
        KTEST_CASE(channel_round_trip),
    };
    return ktest_run(cases, ARRAY_LEN(cases));
}
