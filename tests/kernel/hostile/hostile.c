/* Damaged objects of every running cell are looked at: nothing crashes, hangs, leaks or changes. */
/* SPDX-License-Identifier: MIT */
#include <boot/bootinfo/bootinfo.h>
#include <console/console/console.h>
#include <core/archive/archive.h>
#include <core/evolve/evolve.h>
#include <mm/frame/frame.h>
#include <mm/heap/heap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tests/kernel/kswap/kswap.h>
#include <tests/kernel/ktest/ktest.h>
#include <time/clock/clock.h>

#define CELLS_MAX 128u
#define SET_MAX 3u
#define ROUNDS_MIN 40u /* more than the engine remembers attempts */
#define SAY_EVERY 50u

enum status test_hostile_start(void);

static char names[CELLS_MAX][CELL_NAME_MAX + 1];
static uint32_t name_count;
static uint64_t dice;

static uint32_t roll(uint32_t sides)
{
    dice = dice * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(dice >> 33) % sides;
}

static uint64_t option(const char *name, uint64_t otherwise)
{
    char text[24];
    return boot_option(name, text, sizeof text) == STATUS_OK ? strtoul(text, NULL, 10)
                                                             : otherwise;
}

static bool keep_name(void *context, const char *name, const uint8_t hash[32],
                      uint32_t number)
{
    (void)context, (void)hash, (void)number;
    if (name_count < CELLS_MAX)
        snprintf(names[name_count++], sizeof names[0], "%s", name);
    return true;
}

/* Sections' headers, symbols and what describes the cell lie at an object's end: half of the damage is done there. */
static size_t place(size_t len)
{
    uint32_t from_end = (uint32_t)(len < 8192 ? len : 8192);
    return roll(2) ? len - 1 - roll(from_end) : roll((uint32_t)len);
}

static void damage(uint8_t *bytes, size_t *len)
{
    static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff};
    if (!roll(16)) {
        *len = roll((uint32_t)*len);
        return;
    }
    for (uint32_t i = 1 + roll(6); i > 0; i--) {
        size_t at = place(*len);
        size_t word = at & ~(size_t)7;
        switch (roll(4)) {
        case 0: bytes[at] ^= (uint8_t)(1u << roll(8)); break;
        case 1: bytes[at] = values[roll(sizeof values)]; break;
        case 2: bytes[at] = (uint8_t)roll(256); break;
        default:
            if (word + 8 <= *len)
                memcpy(bytes + word, bytes + (place(*len - 7) & ~(size_t)7), 8);
        }
    }
}

/* Gives a damaged copy of a cell's object, in memory of its own. */
static bool take_object(struct evolve_object *out)
{
    char path[96];
    struct archive_entry file;
    out->name = names[roll(name_count)];
    snprintf(path, sizeof path, "cells/%s.o", out->name);
    uint8_t *copy = NULL;
    if (archive_find(path, &file) == STATUS_OK)
        copy = heap_alloc(file.len);
    if (!copy)
        return false;
    memcpy(copy, file.bytes, file.len);
    out->len = file.len;
    damage(copy, &out->len);
    out->bytes = copy;
    return true;
}

/* All that is random in a round comes from SEED. */
static bool look_at_damaged_set(uint64_t seed)
{
    struct evolve_object set[SET_MAX] = {0};
    struct evolve_request request = {.set = set, .dry_run = true};
    uint64_t attempt = 0;
    dice = seed;
    bool good = true;
    for (uint32_t i = 1 + roll(SET_MAX); good && i > 0; i--)
        good = take_object(&set[request.set_count++]);
    good = good && evolve_submit(&request, &attempt) == STATUS_OK;
    enum evolve_phase end = good ? kswap_end(attempt) : EVOLVE_IDLE;
    for (size_t i = 0; i < request.set_count; i++)
        heap_free((void *)set[i].bytes);
    return good && (end == EVOLVE_REFUSED || end == EVOLVE_PERMANENT);
}

static void look_at_many(uint64_t seed, uint32_t rounds)
{
    bool good = true;
    for (uint32_t i = 0; good && i < rounds; i++) {
        if (i % SAY_EVERY == 0)
            console_print("hostile: from seed %lu on\n", seed + i);
        good = look_at_damaged_set(seed + i);
        if (!good)
            console_print("hostile: seed %lu did not end as it should\n", seed + i);
    }
    KTEST_CHECK(good);
}

/* Gives how many rounds fit into the time. */
static uint32_t look_for(uint64_t seed, uint64_t seconds)
{
    uint64_t end = clock_ns() + seconds * NS_PER_S;
    uint32_t rounds = 0;
    while (rounds < ROUNDS_MIN || clock_ns() < end) {
        look_at_many(seed + rounds, ROUNDS_MIN);
        rounds += ROUNDS_MIN;
    }
    return rounds;
}

/* Hazard 34. What is looked at twice leaves the second time exactly what it left the first time. Seen to fail when
 * plan_free() forgets its cells. Page tables are never given back: frames are not compared. */
static void damaged_objects_leave_nothing_behind(void)
{
    struct heap_stats before;
    struct heap_stats after;
    struct frame_stats frames_before;
    struct frame_stats frames_after;
    uint64_t seed = option("seed", 1);
    uint64_t generation = namespace_kernel()->generation;
    evolve_running(keep_name, NULL);
    KTEST_CHECK(name_count > 40);
    uint32_t rounds = look_for(seed, option("seconds", 5) / 2);
    ktest_sleep(100 * NS_PER_MS);
    heap_stats_read(&before);
    frame_stats_read(&frames_before);
    look_at_many(seed, rounds);
    ktest_sleep(100 * NS_PER_MS);
    heap_stats_read(&after);
    frame_stats_read(&frames_after);
    console_print(
        "hostile: %u sets twice; heap %lu bytes in %lu objects, then %lu in %lu; "
        "%lu frames free, then %lu\n",
        rounds, before.live_bytes, before.live_count, after.live_bytes, after.live_count,
        frames_before.free, frames_after.free);
    KTEST_CHECK(after.live_bytes == before.live_bytes);
    KTEST_CHECK(after.live_count == before.live_count);
    KTEST_CHECK(heap_check() && frame_check());
    KTEST_CHECK(namespace_kernel()->generation == generation);
    kswap_check_invariants();
}

static void a_good_version_is_taken_afterwards(void)
{
    const struct kswap swap = {.cell = "format", .variant = ""};
    KTEST_CHECK(kswap_run(&swap) == EVOLVE_PERMANENT);
    kswap_check_invariants();
}

enum status test_hostile_start(void)
{
    static const struct ktest_case cases[] = {
        KTEST_CASE(damaged_objects_leave_nothing_behind),
        KTEST_CASE(a_good_version_is_taken_afterwards),
    };
    return ktest_run(cases, ARRAY_LEN(cases));
}
