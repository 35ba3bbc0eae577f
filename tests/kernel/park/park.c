/* Swaps a small cell, a coupled pair, widely used cells, and everything; prints stores and pause of each. */
/* SPDX-License-Identifier: MIT */
#include <console/console/console.h>
#include <core/archive/archive.h>
#include <core/evolve/evolve.h>
#include <stdio.h>
#include <string.h>
#include <task/task/task.h>
#include <tests/kernel/coupled_client/coupled_client.h>
#include <tests/kernel/coupled_server/coupled_server.h>
#include <tests/kernel/ktest/ktest.h>
#include <tests/kernel/swap_target/swap_target.h>

#define PATIENCE_NS (60 * NS_PER_S)
#define ROUNDS 3u
#define SET_MAX EVOLVE_MAX_CELLS

enum status test_park_start(void);

static struct {
    struct evolve_object set[SET_MAX];
    size_t count;
    char names[SET_MAX][CELL_NAME_MAX + 1];
    struct evolve_report report;
} park;

static bool over(void *arg)
{
    return evolve_phase_of(*(uint64_t *)arg) >= EVOLVE_PERMANENT;
}

/* Adds the object at PATH of the archive to the set, as a new version of CELL. */
static void add(const char *cell, const char *path)
{
    struct archive_entry file;
    if (park.count == SET_MAX || archive_find(path, &file) != STATUS_OK) {
        ktest_fail(__func__, path);
        return;
    }
    struct evolve_object *o = &park.set[park.count];
    snprintf(park.names[park.count], sizeof park.names[0], "%s", cell);
    *o = (struct evolve_object){
        .name = park.names[park.count++], .bytes = file.bytes, .len = file.len};
}

/* Swaps the set in and forgets it. */
static void swap(const char *what)
{
    struct evolve_request request = {.set = park.set,
                                     .set_count = park.count,
                                     .trial_ns = NS_PER_MS,
                                     .self_confirm = true};
    uint64_t attempt = 0;
    KTEST_CHECK(evolve_submit(&request, &attempt) == STATUS_OK);
    KTEST_CHECK(ktest_until(over, &attempt, PATIENCE_NS));
    KTEST_CHECK(evolve_phase_of(attempt) == EVOLVE_PERMANENT);
    KTEST_CHECK(evolve_report_read(attempt, &park.report) == STATUS_OK);
    KTEST_CHECK(namespace_check(namespace_kernel()) == NULL);
    console_print("park: %s: %lu cells, %u stores, %lu ns\n", what, park.count,
                  park.report.stores, park.report.pause_ns);
    park.count = 0;
}

static void a_small_cell(void)
{
    static const char *const variants[] = {"second", "third"};
    for (uint32_t i = 0; i < ROUNDS; i++) {
        char path[64];
        snprintf(path, sizeof path, "variants/swap_target.%s.o", variants[i % 2]);
        add("swap_target", path);
        swap("swap_target");
    }
    KTEST_CHECK(swap_target_version() == 2);
}

static volatile uint64_t worked, work_stop;

static struct wait work_step(void *arg)
{
    (void)arg;
    (void)coupled_client_work(1000);
    __atomic_add_fetch(&worked, 1, __ATOMIC_SEQ_CST);
    return work_stop ? wait_done() : wait_again();
}

/* Under load: somebody has to be waited for. What the drain takes, with the machine standing, is told too. */
static void a_coupled_pair(void)
{
    static const char *const variants[] = {"variants/coupled_%s.wide.o",
                                           "cells/coupled_%s.o"};
    KTEST_CHECK(task_create("worker", work_step, NULL, NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&worked, 1, PATIENCE_NS));
    for (uint32_t i = 0; i < 2 * ROUNDS; i++) {
        char path[64];
        snprintf(path, sizeof path, variants[i % 2], "server");
        add("coupled_server", path);
        snprintf(path, sizeof path, variants[i % 2], "client");
        add("coupled_client", path);
        swap("coupled");
        console_print("drain: coupled: %u tasks, %lu ns\n", park.report.waited_count,
                      park.report.drain_ns);
    }
    work_stop = 1;
}

static void swap_again(const char *cell)
{
    char path[CELL_NAME_MAX + 16];
    snprintf(path, sizeof path, "cells/%s.o", cell);
    add(cell, path);
    swap(cell);
}

/* The same objects once more: every caller is led to the new text. */
static void widely_used_cells(void)
{
    swap_again("libc");
    swap_again("heap");
    swap_again("log");
    swap_again("task");
}

static bool add_running(void *context, const char *name, const uint8_t hash[32],
                        uint32_t number)
{
    char path[CELL_NAME_MAX + 16];
    (void)context;
    (void)hash;
    (void)number;
    snprintf(path, sizeof path, "cells/%s.o", name);
    add(name, path);
    return true;
}

/* Scheduler, allocator, loader, swapper, what watches it, the entries and this test at once. */
static void everything(void)
{
    evolve_running(add_running, NULL);
    KTEST_CHECK(park.count > 50);
    swap("everything");
    /* This very text is an old one now, and goes on to call the old text of its set. */
    KTEST_CHECK(swap_target_version() == 2);
}

static void the_next_step_runs_in_new_text(void)
{
    KTEST_CHECK(swap_target_version() == 1);
}

enum status test_park_start(void)
{
    static const struct ktest_case cases[] = {
        KTEST_CASE(a_small_cell),
        KTEST_CASE(a_coupled_pair),
        KTEST_CASE(widely_used_cells),
        KTEST_CASE(everything),
        KTEST_CASE(the_next_step_runs_in_new_text),
    };
    return ktest_run(cases, ARRAY_LEN(cases));
}
