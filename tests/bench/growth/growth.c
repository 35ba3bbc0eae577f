/* Measures parks and drains of the same swaps in machines of different sizes, and against stores and migrated objects. */
/* SPDX-License-Identifier: MIT */
#include <boot/bootinfo/bootinfo.h>
#include <console/console/console.h>
#include <core/archive/archive.h>
#include <core/evolve/evolve.h>
#include <mm/heap/heap.h>
#include <stdio.h>
#include <tests/bench/growth_objects/growth_objects.h>
#include <tests/bench/growth_sites/growth_sites.h>
#include <tests/bench/growth_target/growth_target.h>
#include <tests/kernel/ktest/ktest.h>
#include <tests/kernel/moving_target/moving_target.h>

/* On the kernel's command line: tasks=N more tasks, each asleep inside a step; heap=N more objects of 100 bytes. */

#define PATIENCE_NS (60 * NS_PER_S)

enum { SET_MAX = 2, FILL_LEN = 100, ROUNDS = 3 };

enum status bench_growth_start(void);

static struct {
    struct evolve_object set[SET_MAX];
    size_t count;
    struct evolve_report report;
    struct wait_queue sleepers;
    uint64_t asleep;
    uint64_t tasks;
    void *fill; /* each object points to the one before */
} bench;

/* ---- swaps --------------------------------------------------------------------------------- */

static bool over(void *arg)
{
    return evolve_phase_of(*(uint64_t *)arg) >= EVOLVE_PERMANENT;
}

/* Adds CELL in its VARIANT to the set; NULL: as it was at boot. */
static void add(const char *cell, const char *variant)
{
    char path[64];
    struct archive_entry file;
    if (variant)
        snprintf(path, sizeof path, "variants/%s.%s.o", cell, variant);
    else
        snprintf(path, sizeof path, "cells/%s.o", cell);
    if (bench.count == SET_MAX || archive_find(path, &file) != STATUS_OK) {
        ktest_fail(__func__, path);
        return;
    }
    bench.set[bench.count++] =
        (struct evolve_object){.name = cell, .bytes = file.bytes, .len = file.len};
}

/* Swaps the set in; what it took goes to the console as WHAT. */
static void swap(const char *what)
{
    struct evolve_request request = {.set = bench.set,
                                     .set_count = bench.count,
                                     .trial_ns = NS_PER_MS,
                                     .self_confirm = true};
    uint64_t attempt = 0;
    const struct evolve_report *r = &bench.report;
    KTEST_CHECK(evolve_submit(&request, &attempt) == STATUS_OK);
    KTEST_CHECK(ktest_until(over, &attempt, PATIENCE_NS));
    KTEST_CHECK(evolve_report_read(attempt, &bench.report) == STATUS_OK);
    KTEST_CHECK(r->phase == EVOLVE_PERMANENT);
    bench.count = 0;
    if (r->phase == EVOLVE_PERMANENT)
        console_print("growth: %s %u %u %lu %lu\n", what, r->stores, r->migrated_objects,
                      r->pause_ns, r->drain_ns);
    else
        console_print("growth: %s: %s\n", what, r->reason.text);
}

/* ---- a machine of some size ---------------------------------------------------------------- */

static enum status sleep_for_good(void *arg)
{
    (void)arg;
    spin_lock(&bench.sleepers.lock);
    bench.asleep++;
    return wait_queue_sleep(&bench.sleepers, 0) == SLEEP_RESTART ? STATUS_RESTART
                                                                 : STATUS_OK;
}

static struct wait sleeper_step(void *arg)
{
    (void)restartable_call(sleep_for_good, arg);
    return wait_again();
}

static bool all_asleep(void *arg)
{
    (void)arg;
    return __atomic_load_n(&bench.asleep, __ATOMIC_ACQUIRE) >= bench.tasks;
}

static bool count_task(struct task *task, void *arg)
{
    (void)task;
    ++*(uint64_t *)arg;
    return true;
}

static void make_it_large(void)
{
    uint64_t objects = boot_option_number("heap", 0);
    uint64_t tasks = 0;
    uint64_t cells = 0;
    struct heap_stats heap;
    bench.tasks = boot_option_number("tasks", 0);
    wait_queue_init(&bench.sleepers);
    for (uint64_t i = 0; i < bench.tasks; i++)
        KTEST_CHECK(task_create("sleeper", sleeper_step, NULL, NULL) != NULL);
    KTEST_CHECK(ktest_until(all_asleep, NULL, PATIENCE_NS));
    for (uint64_t i = 0; i < objects; i++) {
        void **object = heap_alloc(FILL_LEN);
        KTEST_CHECK(object != NULL);
        if (!object)
            return;
        *object = bench.fill;
        bench.fill = object;
    }
    task_for_each(count_task, &tasks);
    for (const struct version *v = namespace_kernel()->versions; v; v = v->next)
        cells++;
    heap_stats_read(&heap);
    console_print("size: %lu %lu %lu %lu\n", cells, tasks, heap.live_count,
                  heap.live_bytes);
}

/* ---- what is swapped ----------------------------------------------------------------------- */

static void text(void)
{
    for (uint32_t i = 0; i < ROUNDS; i++) {
        add("growth_target", i % 2 ? NULL : "second");
        swap("text");
    }
    KTEST_CHECK(growth_sites_sum() == 2 * 250);
}

static void data(void)
{
    uint32_t small = 0;
    uint64_t large = 0;
    growth_objects_write(5, 1ull << 40);
    add("growth_objects", "b125");
    swap("data");
    growth_objects_read(&small, &large);
    KTEST_CHECK(small == 5 && large == 1ull << 40);
}

static void coupled(void)
{
    add("coupled_server", "wide");
    add("coupled_client", "wide");
    swap("coupled");
}

static void stores(void)
{
    static const char *const variants[] = {"s500", "s1000", "s2000", "s4000"};
    for (uint32_t i = 0; i < ARRAY_LEN(variants); i++) {
        add("growth_sites", variants[i]);
        swap("other");
        add("growth_target", i % 2 ? "second" : NULL);
        swap("stores");
    }
    KTEST_CHECK(growth_sites_sum() == 2 * 4000);
}

static void objects(void)
{
    static const char *const variants[] = {"b250", "a250", "a500", "b500"};
    uint32_t small = 0;
    uint64_t large = 0;
    for (uint32_t i = 0; i < ARRAY_LEN(variants); i++) {
        add("growth_objects", variants[i]);
        swap(i % 2 ? "objects" : "other");
    }
    growth_objects_read(&small, &large);
    KTEST_CHECK(small == 5 && large == 1ull << 40);
}

/* On the heap: what walks name. */
static void elements(void)
{
    static const uint64_t counts[] = {500, 1000, 2000, 5000};
    uint64_t count = 0;
    struct moving_view view;
    for (uint32_t i = 0; i < ARRAY_LEN(counts); i++) {
        for (; count < counts[i]; count++)
            KTEST_CHECK(moving_target_add(1) == STATUS_OK);
        add("moving_target", i % 2 ? NULL : "second");
        swap("elements");
        KTEST_CHECK(moving_target_read(&view) && view.count == count);
    }
}

enum status bench_growth_start(void)
{
    static const struct ktest_case cases[] = {
        KTEST_CASE(make_it_large), KTEST_CASE(text),   KTEST_CASE(data),
        KTEST_CASE(coupled),       KTEST_CASE(stores), KTEST_CASE(objects),
        KTEST_CASE(elements),
    };
    return ktest_run(cases, ARRAY_LEN(cases));
}
