/* A cell whose data change their meaning: times in seconds, milliseconds, microseconds. */
/* SPDX-License-Identifier: MIT */
#include "states_target.h"

#include <lib/base/evolve.h>
#include <lib/base/list.h>
#include <mm/heap/heap.h>
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

/* Nobody who holds one says that he means something else: each goes over its own edges. */
struct span {
    uint32_t number;
#if VERSION == 2
    uint64_t delay;
#else
    uint32_t delay;
#endif
};
EVOLVE_NO_HEAP(span);
struct item {
    struct list link;
    uint32_t number;
    struct span span;
};
static struct {
    uint16_t number;
    struct span spans[STATES_SPANS - 1];
    struct {
        uint8_t kept;
        struct span span;
    } deep;
} holder;
static struct list items;
static volatile uint32_t *volatile nowhere = (volatile uint32_t *)8;

/* ---- from meaning to meaning -------------------------------------------------------------- */

#if VERSION > 0
EVOLVE_STATE(patience, VERSION);
EVOLVE_STATE(row, VERSION);
EVOLVE_STATE(rows, VERSION);
EVOLVE_STATE(state, VERSION);
#endif

#if VERSION > 0
struct span_0 {
    uint32_t number;
    uint32_t delay;
};

EVOLVE_STATE(span, VERSION);
EVOLVE_WAS(span, span_0);
#if VERSION == 2
struct span_1 {
    uint32_t number;
    uint32_t delay;
};

EVOLVE_STATE(span_1, 1);
EVOLVE_WAS(span, span_1);
EVOLVE_EDGE(span_1, span)
{
    is->delay = was->delay * 1000ull;
}
EVOLVE_EDGE(span, span_1)
{
    is->delay = (uint32_t)(was->delay / 1000);
}
EVOLVE_EDGE(span_0, span_1)
{
    is->delay = was->delay * 1000;
}
EVOLVE_EDGE(span_1, span_0)
{
    is->delay = was->delay / 1000;
}
#else
EVOLVE_EDGE(span_0, span)
{
    is->delay = was->delay * 1000;
}
EVOLVE_EDGE(span, span_0)
{
    is->delay = was->delay / 1000;
}
#endif
#endif

EVOLVE_WALKS(item)
{
    struct item *item;
    if (!items.next)
        return;
    evolve_list(walk, &items);
    list_for_each(item, &items, link) evolve_element(walk, item);
}

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

static enum status make_items(void)
{
    if (items.next)
        return STATUS_OK;
    list_init(&items);
    for (uint32_t i = 0; i < STATES_ITEMS; i++) {
        struct item *item = heap_new(struct item);
        if (!item)
            return STATUS_FULL;
        item->number = i;
        list_push_back(&items, &item->link);
    }
    return STATUS_OK;
}

static struct span *span_at(uint32_t i)
{
    return i < ARRAY_LEN(holder.spans) ? &holder.spans[i] : &holder.deep.span;
}

static void set_span(struct span *span, uint32_t number, uint64_t delay)
{
    *span =
        (struct span){.number = number, .delay = (__typeof__(span->delay))(delay / UNIT)};
}

static void write_spans(const struct states_view *in)
{
    struct item *item;
    holder.number = 12345;
    holder.deep.kept = 67;
    for (uint32_t i = 0; i < STATES_SPANS; i++)
        set_span(span_at(i), i, in->span[i]);
    list_for_each(item, &items, link)
        set_span(&item->span, item->number + 100, in->item[item->number]);
}

static bool read_spans(struct states_view *out)
{
    struct item *item;
    uint32_t next = 0;
    bool good = holder.number == 12345 && holder.deep.kept == 67;
    for (uint32_t i = 0; i < STATES_SPANS; i++) {
        out->span[i] = span_at(i)->delay * UNIT;
        good = good && span_at(i)->number == i;
    }
    list_for_each(item, &items, link)
    {
        if (next >= STATES_ITEMS || item->number != next)
            return false;
        out->item[next++] = item->span.delay * UNIT;
        good = good && item->span.number == item->number + 100;
    }
    return good && next == STATES_ITEMS;
}

enum status states_target_write(const struct states_view *in)
{
    if (make_items() != STATUS_OK)
        return STATUS_FULL;
    write_spans(in);
    patience = (__typeof__(patience))(in->patience / UNIT);
    state.limit = in->limit / UNIT;
    state.count = in->count;
    state.list.next = &state.list;
    state.list.prev = &state.list;
    for (uint32_t i = 0; i < STATES_ROWS; i++)
        rows[i] = (struct row){.count = i, .delay = in->delay[i] / UNIT};
    return STATUS_OK;
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
    return read_spans(out) && good;
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
