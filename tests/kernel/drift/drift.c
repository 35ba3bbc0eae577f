/* Many swaps of cells chosen at random: metadata stays true and memory stays as it was. */
/* SPDX-License-Identifier: MIT */
#include <boot/bootinfo/bootinfo.h>
#include <console/console/console.h>
#include <core/archive/archive.h>
#include <core/cellmem/cellmem.h>
#include <core/evolve/evolve.h>
#include <core/stale/stale.h>
#include <mm/frame/frame.h>
#include <mm/heap/heap.h>
#include <stdlib.h>
#include <tests/kernel/ktest/ktest.h>
#include <tests/kernel/swap_target/swap_target.h>
#include <time/clock/clock.h>

#define PATIENCE_NS (60 * NS_PER_S)
#define SWAPS_DEFAULT 250ul /* boot option swaps=N */
#define WARM_UP 64u

enum status test_drift_start(void);

/* What a swap is chosen from. The objects of the boot image once more move their cell's text, and all who call it. */
static const struct choice {
    const char *cell;
    const char *path;
} choices[] = {
    {"swap_target", "cells/swap_target.o"},
    {"swap_target", "variants/swap_target.second.o"},
    {"swap_target", "variants/swap_target.third.o"},
    {"swap_target", "variants/swap_target.helper.o"},
    {"format", "cells/format.o"},
    {"random", "cells/random.o"},
    {"hello", "cells/hello.o"},
    {"rtc", "cells/rtc.o"},
};

struct use {
    struct heap_stats heap;
    struct frame_stats frames;
};

static struct evolve_report report;
static uint64_t stage_us[5];
static uint64_t dice = 7;

static uint32_t roll(uint32_t sides)
{
    dice = dice * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(dice >> 33) % sides;
}

static bool over(void *arg)
{
    return evolve_phase_of(*(uint64_t *)arg) >= EVOLVE_PERMANENT;
}

/* Gives whether all is as it should be; what is not, is said. */
static bool swap_one(const struct choice *choice)
{
    struct archive_entry file;
    struct evolve_object object = {.name = choice->cell};
    struct evolve_request request = {.set = &object, .set_count = 1, .self_confirm = true};
    uint64_t attempt = 0;
    bool good = archive_find(choice->path, &file) == STATUS_OK;
    object.bytes = file.bytes;
    object.len = file.len;
    good = good && evolve_submit(&request, &attempt) == STATUS_OK &&
           ktest_until(over, &attempt, PATIENCE_NS) &&
           evolve_report_read(attempt, &report) == STATUS_OK &&
           report.phase == EVOLVE_PERMANENT;
    if (!good)
        console_print("drift: %s: %s %s\n", choice->path, evolve_phase_name(report.phase),
                      report.reason.text);
    const char *broken = namespace_check(namespace_kernel());
    if (broken)
        console_print("drift: after %s: %s\n", choice->path, broken);
    const uint64_t ns[] = {report.load_ns, report.verify_ns, report.redirect_ns,
                           report.commit_ns, report.trial_ns};
    for (size_t i = 0; i < ARRAY_LEN(ns); i++)
        stage_us[i] += ns[i] / 1000;
    return good && !broken;
}

/* In a frame of its own: what it leaves on the stack is overwritten by the next. */
static bool swap_many(uint64_t count)
{
    bool good = true;
    for (uint64_t i = 0; good && i < count; i++)
        good = swap_one(&choices[roll(ARRAY_LEN(choices))]);
    KTEST_CHECK(good);
    return good;
}

static uint32_t retired(void)
{
    uint32_t count = 0;
    for (const struct version *v = namespace_kernel()->versions; v; v = v->next)
        count += v->state == VERSION_RETIRED;
    return count;
}

/* At most one of each cell, that a task happens to have an address of. */
static bool few_retired(void *arg)
{
    (void)arg;
    return retired() <= 4;
}

static void measure(struct use *out)
{
    KTEST_CHECK(ktest_until(few_retired, NULL, PATIENCE_NS));
    ktest_sleep(NS_PER_S); /* from leaving the namespace to being freed */
    heap_stats_read(&out->heap);
    frame_stats_read(&out->frames);
}

/* Page tables are never given back, at most one for each 2 MiB of the windows of cells (random
 * places) and aliases (in turn). All of them are made before anything is measured. The swap task is idle. */
static void make_page_tables(void)
{
    for (uint32_t i = 0; i < 4000; i++) {
        struct cellmem_region region;
        KTEST_CHECK(cellmem_take(CELLMEM_RODATA, 17 * CELLMEM_PAGE, &region) == STATUS_OK);
        cellmem_give(&region);
    }
}

/* Frames beside those of the heap, which keeps blocks that are not full. */
static uint64_t other_frames(const struct use *use)
{
    return use->frames.total - use->frames.free - use->heap.held_bytes / CELLMEM_PAGE;
}

static void print_use(const char *when, const struct use *use)
{
    console_print("drift: %s: heap %lu bytes in %lu objects, holds %lu; %lu other "
                  "frames, %lu at most\n",
                  when, use->heap.live_bytes, use->heap.live_count, use->heap.held_bytes,
                  other_frames(use), use->frames.total - use->frames.lowest_free);
}

/* Hazards 9 and 33: namespace_check() after each swap, and memory as before after all of them. Where four versions more are
 * kept, each may have a few pages and a hundred objects. Seen to fail when version_destroy() forgets its text. */
static void many_swaps_leave_no_drift_and_no_growth(void)
{
    char text[24];
    struct use before;
    struct use after;
    uint64_t count = boot_option("swaps", text, sizeof text) == STATUS_OK
                         ? strtoul(text, NULL, 10)
                         : SWAPS_DEFAULT;
    make_page_tables();
    KTEST_CHECK(swap_many(WARM_UP));
    measure(&before);
    uint64_t begin = clock_ns();
    for (int i = 0; i < 5; i++)
        stage_us[i] = 0;
    if (!swap_many(count))
        return;
    uint64_t ms = (clock_ns() - begin) / NS_PER_MS;
    measure(&after);
    console_print("drift: %lu swaps in %lu ms; us each: load %lu, verify %lu, redirect "
                  "%lu, commit %lu, "
                  "trial %lu\n",
                  count, ms, stage_us[0] / count, stage_us[1] / count,
                  stage_us[2] / count, stage_us[3] / count, stage_us[4] / count);
    print_use("before", &before);
    print_use("after", &after);
    KTEST_CHECK(after.heap.live_bytes <= before.heap.live_bytes + 128 * 1024);
    KTEST_CHECK(after.heap.live_count <= before.heap.live_count + 100);
    KTEST_CHECK(after.heap.held_bytes <= before.heap.held_bytes + 512 * 1024);
    KTEST_CHECK(other_frames(&after) <= other_frames(&before) + 24);
    KTEST_CHECK(heap_check() && frame_check());
    KTEST_CHECK(stale_count() == 0);
}

enum status test_drift_start(void)
{
    static const struct ktest_case cases[] = {
        KTEST_CASE(many_swaps_leave_no_drift_and_no_growth),
    };
    return ktest_run(cases, ARRAY_LEN(cases));
}
