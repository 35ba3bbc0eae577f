/* A library drains: what it made goes on there, what is new comes from its successor, and it ends with the last. */
/* SPDX-License-Identifier: MIT */
#include <console/console/console.h>
#include <mm/heap/heap.h>
#include <string.h>
#include <task/task/task.h>
#include <tests/kernel/kswap/kswap.h>
#include <tests/kernel/lineage_front/lineage_front.h>
#include <time/clock/clock.h>

#define PATIENCE_NS (30 * NS_PER_S)
#define WORKERS 3u

enum status test_lineage_start(void);

static uint64_t begin(const char *variant, uint64_t trial_ms)
{
    const struct kswap swap = {
        .cell = "lineage_library", .variant = variant, .trial_ms = trial_ms};
    return kswap_begin(&swap);
}

static void became(uint64_t attempt, enum evolve_phase phase, const char *code)
{
    enum evolve_phase end = kswap_end(attempt);
    const struct evolve_report *r = kswap_report(attempt);
    if (end != phase || (code && strcmp(r->reason.code, code) != 0))
        ktest_fail(__func__, r->reason.text[0] ? r->reason.text : evolve_phase_name(end));
    kswap_check_invariants();
    KTEST_CHECK(heap_check());
}

static void swap_for_good(const char *variant)
{
    became(begin(variant, 1), EVOLVE_PERMANENT, NULL);
}

static uint32_t count_in(enum version_state state)
{
    uint32_t count = 0;
    for (const struct version *v = namespace_kernel()->versions; v; v = v->next)
        count += v->state == state;
    return count;
}

static bool all_freed(void *arg)
{
    (void)arg;
    return count_in(VERSION_DRAINING) == 0 && count_in(VERSION_RETIRED) == 0;
}

static void expect_freed(void)
{
    bool freed = ktest_until(all_freed, NULL, PATIENCE_NS);
    KTEST_CHECK(freed);
    for (const struct version *v = namespace_kernel()->versions; v && !freed; v = v->next)
        if (v->state != VERSION_RUNNING)
            console_print("kept: %s@%u in state %u, hold %u at %lx\n", v->info.name,
                          v->number, v->state, v->hold, version_holder(v));
}

/* ---- tasks that use it ----------------------------------------------------------------------- */

static struct {
    volatile uint64_t stop;
    volatile uint64_t ended;
    volatile uint64_t wrong;
    volatile uint64_t steps;
    volatile uint64_t lives;
} load;

/* Adds to a session of its own, which is closed and opened now and then. */
static struct wait session_step(void *arg)
{
    static struct {
        struct sample *sample;
        uint64_t sum;
        uint64_t left;
    } mine[WORKERS];
    uint64_t i = (uint64_t)arg;
    if (!mine[i].sample || (!mine[i].left && i)) {
        if (mine[i].sample)
            sample_close(mine[i].sample);
        mine[i].sample = sample_open();
        mine[i].sum = 0;
        mine[i].left = 100;
        load.wrong += mine[i].sample == NULL;
        load.lives++;
    }
    if (mine[i].sample) {
        mine[i].sum++;
        load.wrong += sample_add(mine[i].sample, 1) != mine[i].sum;
        mine[i].left -= mine[i].left != 0;
    }
    load.steps++;
    if (!load.stop)
        return wait_again();
    if (mine[i].sample)
        sample_close(mine[i].sample);
    mine[i].sample = NULL;
    __atomic_add_fetch(&load.ended, 1, __ATOMIC_SEQ_CST);
    return wait_done();
}

static struct wait direct_step(void *arg)
{
    (void)arg;
    load.wrong += !sample_direct(3 * NS_PER_MS);
    load.steps++;
    if (!load.stop)
        return wait_again();
    __atomic_add_fetch(&load.ended, 1, __ATOMIC_SEQ_CST);
    return wait_done();
}

static void load_begin(task_step_fn step)
{
    load.stop = load.ended = load.wrong = load.steps = load.lives = 0;
    for (uint64_t i = 0; i < WORKERS; i++)
        KTEST_CHECK(task_create("worker", step, (void *)i, NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&load.steps, 10, PATIENCE_NS));
}

static void load_goes_on(void)
{
    KTEST_CHECK(ktest_until_count(&load.steps, load.steps + 20, PATIENCE_NS));
    KTEST_CHECK(load.wrong == 0);
}

static void load_end(void)
{
    load_goes_on();
    load.stop = 1;
    KTEST_CHECK(ktest_until_count(&load.ended, WORKERS, PATIENCE_NS));
    KTEST_CHECK(load.wrong == 0);
}

/* ---- the cases -------------------------------------------------------------------------------- */

/* Seen to fail (refused: type) without `lineage` in the cell.mk of the library. */
static void what_is_open_goes_on_and_ends_the_old_lineage(void)
{
    struct sample *one = sample_open();
    struct sample *two = sample_open();
    uint32_t starts = lineage_front_starts();
    KTEST_CHECK(sample_version(one) == 1 && sample_add(one, 3) == 3);
    swap_for_good("second");
    const struct evolve_report *r = kswap_report(0);
    KTEST_CHECK(r->cell_count == 2 && r->cells[0].class == PLAN_LINEAGE &&
                r->cells[1].class == PLAN_LINEAGE && r->draining_objects == 2);
    KTEST_CHECK(lineage_front_starts() == starts + 1 && lineage_front_stops() == 0);
    struct sample *three = sample_open();
    KTEST_CHECK(sample_version(one) == 1 && sample_add(one, 4) == 7);
    KTEST_CHECK(sample_version(three) == 2 && sample_add(three, 5) == 5);
    KTEST_CHECK(count_in(VERSION_DRAINING) == 2);
    sample_close(two);
    KTEST_CHECK(sample_add(one, 1) == 8);
    sample_close(one);
    expect_freed();
    KTEST_CHECK(lineage_front_stops() == 1 && sample_add(three, 1) == 6);
    sample_close(three);
}

/* The lineage of the trial drains then: what was made in it goes on as well. */
static void what_a_trial_made_goes_on_after_it_was_taken_back(void)
{
    struct sample *before = sample_open();
    uint32_t stops = lineage_front_stops();
    uint64_t attempt = begin("", 60000);
    struct sample *within = sample_open();
    KTEST_CHECK(sample_version(before) == 2 && sample_version(within) == 1);
    KTEST_CHECK(evolve_revert(attempt, "test", "a wish") == STATUS_OK);
    became(attempt, EVOLVE_REVERTED, "test");
    struct sample *after = sample_open();
    KTEST_CHECK(sample_version(after) == 2 && sample_version(within) == 1);
    KTEST_CHECK(sample_add(before, 2) == 2 && sample_add(within, 3) == 3);
    sample_close(before);
    sample_close(after);
    KTEST_CHECK(lineage_front_stops() == stops);
    sample_close(within);
    expect_freed();
    KTEST_CHECK(lineage_front_stops() == stops + 1);
}

/* Nobody finds the new library before it was started: some sessions would not open if lineages_start() came after
 * drain_end(). */
static void no_sum_is_lost_under_load(void)
{
    load_begin(session_step);
    for (int i = 0; i < 4; i++) {
        swap_for_good(i & 1 ? "second" : "");
        load_goes_on();
        KTEST_CHECK(ktest_until_count(&load.lives, load.lives + 2, PATIENCE_NS));
        KTEST_CHECK(count_in(VERSION_DRAINING) >= 2); /* one task keeps its session */
    }
    load_end();
    expect_freed();
}

/* Without add_callers() a thing is made by one lineage and used by the other. */
static void who_stands_between_two_calls_is_waited_for(void)
{
    load_begin(direct_step);
    for (int i = 0; i < 4; i++) {
        swap_for_good(i & 1 ? "second" : "");
        load_goes_on();
    }
    load_end();
    expect_freed();
}

static void cycle(void)
{
    swap_for_good("");
    swap_for_good("second");
    expect_freed();
}

static uint64_t count_stubs(void)
{
    uint64_t count = 0;
    for (const struct stub *s = namespace_kernel()->stubs; s; s = s->next)
        count++;
    return count;
}

/* More stubs without take_idle() in stub.c, more of the heap without the call of the stop hook. */
static void nothing_is_left_behind(void)
{
    enum { CYCLES = 3 };
    struct heap_stats before;
    struct heap_stats after;
    cycle();
    uint64_t stubs = count_stubs();
    heap_stats_read(&before);
    for (int i = 0; i < CYCLES; i++)
        cycle();
    heap_stats_read(&after);
    KTEST_CHECK(count_stubs() == stubs);
    /* Of each attempt the report is kept. */
    KTEST_CHECK(after.live_count <= before.live_count + 2 * CYCLES);
}

/* The last case: what is known of the fault keeps that version. */
static void a_lineage_that_does_not_start_is_taken_back(void)
{
    struct sample *sample = sample_open();
    became(begin("fails", 60000), EVOLVE_REVERTED, "hook");
    became(begin("faults", 60000), EVOLVE_REVERTED, "fault");
    KTEST_CHECK(sample_version(sample) == 2 && sample_add(sample, 1) == 1);
    sample_close(sample);
}

enum status test_lineage_start(void)
{
    static const struct ktest_case cases[] = {
        KTEST_CASE(what_is_open_goes_on_and_ends_the_old_lineage),
        KTEST_CASE(what_a_trial_made_goes_on_after_it_was_taken_back),
        KTEST_CASE(no_sum_is_lost_under_load),
        KTEST_CASE(who_stands_between_two_calls_is_waited_for),
        KTEST_CASE(nothing_is_left_behind),
        KTEST_CASE(a_lineage_that_does_not_start_is_taken_back),
    };
    return ktest_run(cases, ARRAY_LEN(cases));
}
