/* A cell whose data change their form. */
/* SPDX-License-Identifier: MIT */
#include "migrate_target.h"

#include <task/task/task.h>
#include <time/clock/clock.h>

struct link {
    struct link *next;
    struct link *prev;
};

#if defined VARIANT_grown || defined VARIANT_huge || defined VARIANT_huge_fault ||       \
    defined VARIANT_fault || defined VARIANT_grown_fault

#if defined VARIANT_huge || defined VARIANT_huge_fault
#define VERSION 3u
#define SLOTS 400u
#else
#define VERSION 2u
#define SLOTS 6u
#endif

enum mode { FAST = 3, BRISK = 5, SLOW = 7, OFF = 10 };
struct pair {
    int64_t x;
    uint8_t between;
    int32_t y;
};
static struct {
    enum mode mode;
    uint64_t count;
    struct pair pair;
    uint32_t fresh;
    int64_t temperature;
    struct link list;
    struct event event;
    const void *row;
    uint64_t slots[SLOTS];
} state = {.fresh = 7, .pair = {.between = 9}};
static const struct {
    int64_t value;
    uint8_t name;
} table[] = {{10, 'a'}, {20, 'b'}, {30, 'c'}};

#else

#ifdef VARIANT_longer
#define VERSION 4u
#else
#define VERSION 1u
#endif
#define SLOTS 4u

enum mode { OFF, SLOW, FAST };
struct pair {
    int32_t x;
    int32_t y;
};
static struct {
    uint32_t count;
    struct pair pair;
    int16_t temperature;
    enum mode mode;
    uint32_t gone;
    struct event event;
    uint64_t slots[SLOTS];
    struct link list;
    const void *row;
#ifdef VARIANT_longer
    uint32_t fresh;
#endif
} state;
static const struct {
    int16_t value;
} table[] = {{1}, {2}, {3}};

#endif

static const enum mode modes[] = {OFF, SLOW, FAST};
static volatile uint32_t *volatile nowhere = (volatile uint32_t *)8;

uint32_t migrate_target_version(void)
{
    return VERSION;
}

void migrate_target_write(const struct migrate_view *in)
{
    state.count = (__typeof__(state.count))in->count;
    state.pair.x = (__typeof__(state.pair.x))in->x;
    state.pair.y = (__typeof__(state.pair.y))in->y;
    state.temperature = (__typeof__(state.temperature))in->temperature;
    state.mode = modes[in->mode];
    for (uint32_t i = 0; i < MIGRATE_SLOTS; i++)
        state.slots[i] = in->slots[i];
    state.list.next = &state.list;
    state.list.prev = &state.list;
}

bool migrate_target_read(struct migrate_view *out)
{
    *out = (struct migrate_view){.count = state.count,
                                 .x = state.pair.x,
                                 .y = state.pair.y,
                                 .temperature = state.temperature};
    while (out->mode < ARRAY_LEN(modes) && modes[out->mode] != state.mode)
        out->mode++;
    for (uint32_t i = 0; i < MIGRATE_SLOTS; i++)
        out->slots[i] = state.slots[i];
    return state.list.next == &state.list && state.list.prev == &state.list;
}

#if VERSION == 1 || VERSION == 4
uint32_t *migrate_target_gone(void)
{
    return &state.gone;
}
uint32_t migrate_target_fresh(void)
{
    return 0;
}
#else
uint32_t *migrate_target_gone(void)
{
    return NULL;
}
uint32_t migrate_target_fresh(void)
{
    return state.fresh * 10u + state.pair.between;
}
#endif

uint64_t *migrate_target_slot(void)
{
    return &state.slots[2];
}

struct event *migrate_target_event(void)
{
    return &state.event;
}

int64_t migrate_target_constant(uint32_t index)
{
    __asm__ volatile("" : "+r"(index)); /* or the compiler reads the table itself */
    return table[index % ARRAY_LEN(table)].value;
}

const void *migrate_target_aim(bool aim)
{
    state.row = aim ? &table[2] : NULL;
    return &table[2];
}

bool migrate_target_aims(void)
{
    return state.row == &table[2];
}

uint64_t migrate_target_home(void)
{
    return ~(uint64_t)&state;
}

static volatile bool
    faults; /* the next step, and is the last one of a version that does not fault */

void migrate_target_fault(void)
{
    faults = true;
}

static struct wait target_step(void *arg)
{
    (void)arg;
#if defined VARIANT_huge_fault || defined VARIANT_grown_fault
    if (faults)
        *nowhere = 1;
#endif
    if (faults) {
        faults = false;
        return wait_done();
    }
#ifdef VARIANT_fault
    state.temperature = 999;
    *nowhere = 1;
#endif
    return nowhere ? wait_until(clock_ns() + NS_PER_MS) : wait_done();
}

enum status migrate_target_task(void)
{
    return task_create("migrate", target_step, NULL, NULL) != NULL ? STATUS_OK
                                                                   : STATUS_FULL;
}
