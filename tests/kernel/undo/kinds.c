/* One swap of each kind, there and back, and what its cells have to hold in both versions. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <string.h>
#include <tests/kernel/coupled_client/coupled_client.h>
#include <tests/kernel/coupled_server/coupled_server.h>
#include <tests/kernel/lineage_front/lineage_front.h>
#include <tests/kernel/migrate_target/migrate_target.h>
#include <tests/kernel/moving_target/moving_target.h>
#include <tests/kernel/states_target/states_target.h>

#define ELEMENTS 20u
#define SUM ((uint64_t)ELEMENTS * (ELEMENTS + 1) / 2)
#define TOTAL 970u
#define KEPT 77u

/* ---- a static that changes its form ------------------------------------------------------------------------------ */

static const struct migrate_view values = {.count = 4000000000u,
                                           .x = -5,
                                           .y = 1 << 30,
                                           .temperature = -300,
                                           .mode = 2,
                                           .slots = {1, UINT64_MAX, 3, 4}};

static bool begin_data(void)
{
    migrate_target_write(&values);
    return true;
}

static bool holds_data(void)
{
    struct migrate_view now;
    return migrate_target_read(&now) && now.count == values.count && now.x == values.x &&
           now.y == values.y && now.temperature == values.temperature &&
           now.mode == values.mode &&
           memcmp(now.slots, values.slots, sizeof now.slots) == 0;
}

/* ---- ... and its meaning, with elements of the heap that do ---------------------------------------------------- */

static const struct states_view times = {.patience = 30000000,
                                         .limit = 7000000,
                                         .delay = {1000000, 2000000, 3000000},
                                         .count = 11,
                                         .span = {4000000, 5000000, 6000000},
                                         .item = {8000000, 9000000, 10000000, 12000000}};

static bool begin_state(void)
{
    return states_target_write(&times) == STATUS_OK;
}

static bool holds_state(void)
{
    struct states_view now;
    return states_target_read(&now) && memcmp(&now, &times, sizeof now) == 0;
}

/* ---- elements of the heap ---------------------------------------------------------------------------------------- */

static bool begin_list(void)
{
    bool good = true;
    for (uint64_t i = 1; i <= ELEMENTS; i++)
        good = good && moving_target_add(i) == STATUS_OK;
    return good;
}

static bool holds_list(void)
{
    struct moving_view v;
    return moving_target_read(&v) && v.count == ELEMENTS && v.numbers == SUM;
}

/* ---- a signature --------------------------------------------------------------------------------------------------- */

static bool holds_coupled(void)
{
    return coupled_client_work(3) == 0 && coupled_mixed_direct() == 0 &&
           coupled_mixed_by_pointer() == 0;
}

/* ---- a library that drains ---------------------------------------------------------------------------------------- */

static struct sample *sample;

static bool begin_lineage(void)
{
    sample = sample_open();
    return sample && sample_add(sample, 5) == 5;
}

/* What was made before goes on where it was made, and what is new has all it needs. */
static bool holds_lineage(void)
{
    struct sample *another = sample_open();
    bool good = another && sample_add(another, 3) == 3 && sample_add(sample, 0) == 5;
    if (another)
        sample_close(another);
    return good;
}

/* ---- an object that changes its cell ------------------------------------------------------------------------------- */

/* Lends the object KEY of CELL (NULL: of whatever cell has one), or NULL. */
static void *object_of(const char *cell, const char *key)
{
    for (const struct home *h = namespace_kernel()->homes; h; h = h->next)
        if (!h->orphan && strcmp(h->key, key) == 0 && (!cell || strcmp(h->cell, cell) == 0))
            return (void *)h->va;
    return NULL;
}

static bool begin_takeover(void)
{
    uint64_t *total = object_of("parted_part", "total");
    if (total)
        *total = TOTAL;
    return total != NULL;
}

static bool holds_takeover(void)
{
    bool one = namespace_running(namespace_kernel(), "parted_part") == NULL;
    const uint64_t *total = object_of(one ? "parted_whole" : "parted_part", "total");
    return total && *total == TOTAL && object_of(NULL, "total") == total;
}

/* ---- data of the closure -------------------------------------------------------------------------------------------- */

static bool begin_closure(void)
{
    bool good =
        kswap_run(&(struct kswap){.others = "commit.few guard.few"}) == EVOLVE_PERMANENT;
    uint32_t *of_commit = object_of("commit", "commit_kept");
    uint32_t *of_guard = object_of("guard", "kept_of_guard");
    if (!good || !of_commit || !of_guard)
        return false;
    *of_commit = *of_guard = KEPT;
    return true;
}

/* Little-endian, of either width. */
static bool holds_closure(void)
{
    const uint32_t *of_commit = object_of("commit", "commit_kept");
    const uint32_t *of_guard = object_of("guard", "kept_of_guard");
    return of_commit && *of_commit == KEPT && of_guard && *of_guard == KEPT;
}

#define ONE 1u
#define ALL UINT64_MAX
#define CHANGES(part) (1u << UNDO_##part)

const struct undo_kind undo_kinds[] = {
    {.name = "text",
     .fails = {ONE, 0},
     .there = "swap_target.second",
     .back = "swap_target",
     .changes = CHANGES(TEXT) | CHANGES(CONSTANTS) | CHANGES(CALLS) | CHANGES(STUBS) |
                CHANGES(CELLS) | CHANGES(MARKS),
     .least = 20},
    {.name = "data",
     .fails = {ONE, ALL},
     .asks_back = true,
     .there = "migrate_target.grown",
     .back = "migrate_target",
     .begin = begin_data,
     .holds = holds_data,
     .changes = CHANGES(TEXT) | CHANGES(HOMES) | CHANGES(VALUES),
     .least = 40},
    {.name = "state",
     .fails = {ALL, 0},
     .stride = 3,
     .there = "states_target.millis",
     .moves = true,
     .back = "states_target",
     .begin = begin_state,
     .holds = holds_state,
     .changes = CHANGES(TEXT) | CHANGES(HOMES) | CHANGES(VALUES),
     .least = 60},
    {.name = "elements",
     .fails = {ONE, 0},
     .asks_back = true,
     .there = "moving_target.second",
     .moves = true,
     .back = "moving_target",
     .begin = begin_list,
     .holds = holds_list,
     .changes = CHANGES(TEXT) | CHANGES(VALUES),
     .least = 40},
    {.name = "signature",
     .fails = {ALL, 0},
     .asks_back = true,
     .there = "coupled_server.wide coupled_client.wide",
     .back = "coupled_server coupled_client",
     .holds = holds_coupled,
     .changes = CHANGES(TEXT) | CHANGES(CALLS),
     .least = 40},
    {.name = "remove, add",
     .fails = {ONE, ALL},
     .there_goes = "leaver",
     .back = "leaver",
     .changes = CHANGES(CELLS) | CHANGES(HOMES),
     .least = 10},
    {.name = "lineage",
     .fails = {ONE, 0},
     .asks_back = true,
     .there = "lineage_library.second",
     .back = "lineage_library",
     .begin = begin_lineage,
     .holds = holds_lineage,
     .changes = CHANGES(TEXT) | CHANGES(CALLS) | CHANGES(CELLS) | CHANGES(HOMES),
     .least = 40},
    {.name = "takeover",
     .fails = {ALL, ONE},
     .there = "parted_whole.one",
     .there_goes = "parted_part",
     .back = "parted_whole parted_part",
     .begin = begin_takeover,
     .holds = holds_takeover,
     .changes = CHANGES(TEXT) | CHANGES(CELLS) | CHANGES(HOMES),
     .least = 20},
    {.name = "closure",
     .fails = {ALL, 0},
     .there = "commit.many guard.many",
     .late = true,
     .back = "commit.few guard.few",
     .begin = begin_closure,
     .holds = holds_closure,
     .changes = CHANGES(TEXT) | CHANGES(CALLS) | CHANGES(HOMES),
     .least = 40},
};
const uint32_t undo_kind_count = ARRAY_LEN(undo_kinds);

enum evolve_phase undo_swap_kind(const struct undo_kind *kind, bool back)
{
    return kswap_run(&(struct kswap){.others = back ? kind->back : kind->there,
                                     .remove = back ? kind->back_goes : kind->there_goes});
}

/* Addresses that a look at objects leaves on this stack would count as held. */
__attribute__((noinline)) static void scrub(void)
{
    volatile uint64_t words[512];
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        words[i] = 0;
}

bool undo_holds(const struct undo_kind *kind)
{
    bool good = !kind->holds || kind->holds();
    scrub();
    return good;
}
