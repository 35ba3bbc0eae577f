/* A cell whose data change their meaning: times in seconds, milliseconds, microseconds. */
/* SPDX-License-Identifier: MIT */
#include "states_target.h"

#include <lib/base/evolve.h>
#include <lib/base/list.h>
#include <task/task/task.h>
#include <time/clock/clock.h>

#if defined VARIANT_micros || defined VARIANT_huge
#define VERSION 2
#define UNIT 1ull
#elif defined VARIANT_millis || defined VARIANT_grown || defined VARIANT_silent ||       \
    defined VARIANT_faults || defined VARIANT_loops || defined VARIANT_traps ||          \
    defined VARIANT_late || defined VARIANT_crash
#define VERSION 1
#define UNIT 1000ull
#else
#define VERSION 0
#define UNIT 1000000ull
#endif

struct row {
    uint64_t count;
    uint64_t delay;
};

#if VERSION == 0
static uint32_t patience;
#else
static uint64_t patience;
#endif
static struct {
    uint64_t count;
    uint64_t limit;
    struct list list;
} state;
static struct row rows[STATES_ROWS];
EVOLVE_NO_HEAP(row);
static volatile uint32_t *volatile nowhere = (volatile uint32_t *)8;

/* ---- from meaning to meaning -------------------------------------------------------------- */

#if VERSION > 0
EVOLVE_STATE(patience, VERSION);
EVOLVE_STATE(row, VERSION);
EVOLVE_STATE(rows, VERSION);
EVOLVE_STATE(state, VERSION);
#endif

#if VERSION > 0 && !defined VARIANT_silent
#ifdef VARIANT_late
static bool stored;
EVOLVE_DROPS(stored);
#endif

static void turn_rows(const struct row *was, struct row *is, uint64_t times, uint64_t by)
{
    for (uint32_t i = 0; i < STATES_ROWS; i++)
        is[i].delay = was[i].delay * times / by;
}

EVOLVE_STATE_EDGE(patience, 0, uint32_t, 1, uint64_t)
{
#ifdef VARIANT_faults
    *nowhere = 1;
#endif
#ifdef VARIANT_loops
    while (nowhere)
        continue;
#endif
#ifdef VARIANT_late
    /* As an interrupt handler would: after it was looked at, before the park. */
    if (!stored)
        *(volatile uint32_t *)&patience += 5;
    stored = true;
#endif
    *is = *was * 1000ull;
}
EVOLVE_STATE_EDGE(patience, 1, uint64_t, 0, uint32_t)
{
#ifdef VARIANT_traps
    *nowhere = 1;
#endif
    *is = (uint32_t)(*was / 1000);
}
EVOLVE_STATE_EDGE(state, 0, state, 1, state)
{
    is->limit = was->limit * 1000;
}
EVOLVE_STATE_EDGE(state, 1, state, 0, state)
{
    is->limit = was->limit / 1000;
}
EVOLVE_STATE_EDGE(rows, 0, rows, 1, rows)
{
    turn_rows(*was, *is, 1000, 1);
}
EVOLVE_STATE_EDGE(rows, 1, rows, 0, rows)
{
    turn_rows(*was, *is, 1, 1000);
}
#endif

#if VERSION == 2
EVOLVE_STATE_EDGE(patience, 1, uint64_t, 2, uint64_t)
{
    *is = *was * 1000;
}
EVOLVE_STATE_EDGE(patience, 2, uint64_t, 1, uint64_t)
{
    *is = *was / 1000;
}
EVOLVE_STATE_EDGE(state, 1, state, 2, state)
{
    is->limit = was->limit * 1000;
}
EVOLVE_STATE_EDGE(state, 2, state, 1, state)
{
    is->limit = was->limit / 1000;
}
EVOLVE_STATE_EDGE(rows, 1, rows, 2, rows)
{
    turn_rows(*was, *is, 1000, 1);
}
EVOLVE_STATE_EDGE(rows, 2, rows, 1, rows)
{
    turn_rows(*was, *is, 1, 1000);
}
#endif

/* ---- what every version does -------------------------------------------------------------- */

uint32_t states_target_version(void)
{
    return VERSION;
}

void states_target_write(const struct states_view *in)
{
    patience = (__typeof__(patience))(in->patience / UNIT);
    state.limit = in->limit / UNIT;
    state.count = in->count;
    state.list.next = &state.list;
    state.list.prev = &state.list;
    for (uint32_t i = 0; i < STATES_ROWS; i++)
        rows[i] = (struct row){.count = i, .delay = in->delay[i] / UNIT};
}

bool states_target_read(struct states_view *out)
{
    bool good = state.list.next == &state.list && state.list.prev == &state.list;
    *out = (struct states_view){
        .patience = patience * UNIT, .limit = state.limit * UNIT, .count = state.count};
    for (uint32_t i = 0; i < STATES_ROWS; i++) {
        out->delay[i] = rows[i].delay * UNIT;
        good = good && rows[i].count == i;
    }
    return good;
}

static struct wait target_step(void *arg)
{
    (void)arg;
#ifdef VARIANT_crash
    patience = 99000;
    *nowhere = 1;
#endif
    return nowhere ? wait_until(clock_ns() + NS_PER_MS) : wait_done();
}

enum status states_target_task(void)
{
    return task_create("states", target_step, NULL, NULL) != NULL ? STATUS_OK
                                                                  : STATUS_FULL;
}
