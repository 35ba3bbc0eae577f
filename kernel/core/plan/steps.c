/* Goes a way over edges, step by step.
 * SPDX-License-Identifier: MIT
 */
#include <core/plan/steps.h>

#include <core/commit/transfer.h>
#include <core/plan/fieldmap.h>
#include <mm/heap/heap.h>
#include <string.h>

typedef void (*edge_fn)(const void *was, void *is);

static struct migration_list nothing_moves;

/* The way of one part, or the whole one: which step is next, and what FROM and TO are in it. */
struct level {
    uint32_t begin;
    uint32_t end;
    uint32_t next;
    uint32_t left; /* times that it is gone after this one */
    const uint8_t *from;
    uint8_t *to;
    uint64_t from_stride;
    uint64_t to_stride;
};

static uint64_t room(uint64_t len)
{
    return align_up(len + 8, 16);
}

/* What it begins with, the forms between, and zeros. */
uint64_t steps_scratch(const struct plan_way *way)
{
    return way->count ? room(way->from_len) + way->between_len + room(way->longest) : 0;
}

/* Moves what goes by name from T->from to T->to. Gives a field that has no place whatever the edge does, or NULL. */
static const char *move_names(struct transfer *t)
{
    for (uint32_t i = 0; i < t->list->count; i++) {
        const struct field_move *k = &t->list->moves[i];
        struct field_move cut = *k;
        cut.lenient = true;
        for (uint32_t n = 0; n < k->count && k->kind != MOVE_PLACE; n++) {
            uint64_t from = k->from_bit + n * k->from_stride;
            uint64_t to = k->to_bit + n * k->to_stride;
            if (!transfer_one(t, k, from, to) &&
                (k->kind != MOVE_NUMBER || !transfer_one(t, &cut, from, to)))
                return k->name;
        }
    }
    return NULL;
}

/* Gives a number that was cut, and that the edge has left as it was, or NULL. */
static const char *find_cut(const struct transfer *t)
{
    for (uint32_t i = 0; i < t->list->count; i++) {
        const struct field_move *k = &t->list->moves[i];
        for (uint32_t n = 0; n < k->count && k->kind == MOVE_NUMBER && !k->lenient; n++) {
            uint64_t from = k->from_bit + n * k->from_stride;
            uint64_t to = k->to_bit + n * k->to_stride;
            uint64_t value = transfer_get(t->from, from, k->from_bits);
            if (!transfer_fit(k, &value) && transfer_get(t->to, to, k->to_bits) ==
                                                (value & transfer_mask(k->to_bits)))
                return k->name;
        }
    }
    return NULL;
}

/* A step that is not finished has parts, and its edge is called by another one, behind them. */
static const char *go_step(const struct plan_step *step, struct transfer *t)
{
    t->list = &step->map;
    if (!step->moved && step->to_place == STEP_BETWEEN)
        memset(t->to, 0, step->to_len);
    const char *unfit = step->moved ? NULL : move_names(t);
    if (!unfit && step->edge)
        ((edge_fn)step->edge)(t->from, t->to);
    return unfit || step->unfinished ? unfit : find_cut(t);
}

/* Gives false when all of AT's way has been gone, as often as it has to be. */
static bool goes_on(struct level *at)
{
    if (at->next < at->end)
        return true;
    if (!at->left)
        return false;
    at->left--;
    at->next = at->begin;
    at->from += at->from_stride;
    at->to += at->to_stride;
    return true;
}

static struct level level_of(const struct plan_step *part, uint32_t first,
                             const struct transfer *t)
{
    return (struct level){.begin = first,
                          .end = first + part->body,
                          .next = first,
                          .left = part->count - 1,
                          .from = t->from,
                          .to = t->to,
                          .from_stride = part->from_stride,
                          .to_stride = part->to_stride};
}

const char *steps_run(const struct plan_way *way, struct migration_list *all,
                      bool backwards, const uint8_t *from, uint8_t *to, uint8_t *scratch)
{
    uint8_t *between = scratch + room(way->from_len);
    struct migration zeros = {.old_image = between + way->between_len};
    struct transfer lead = {
        .all = all, .from = from, .to = scratch, .backwards = backwards};
    struct level levels[STEPS_DEEP + 1] = {{.end = way->count, .from = scratch, .to = to}};
    struct level *at = levels;
    memset(zeros.old_image, 0, room(way->longest));
    if (!transfer_bytes(&lead, 0, 0, way->from_len))
        return "a pointer";
    for (;;) {
        if (!goes_on(at)) {
            if (at == levels)
                return NULL;
            at--;
            continue;
        }
        const struct plan_step *step = &way->steps[at->next];
        struct transfer t = {
            .all = &nothing_moves,
            .object = &zeros,
            .from = (step->from_place == STEP_FROM ? at->from : between) + step->from_at,
            .to = (step->to_place == STEP_TO ? at->to : between) + step->to_at,
            .backwards = backwards};
        uint32_t first = ++at->next;
        at->next += step->body;
        const char *unfit = step->body ? NULL : go_step(step, &t);
        if (unfit)
            return unfit;
        if (step->body)
            *++at = level_of(step, first, &t);
    }
}

void steps_fini(struct plan_way *way)
{
    for (uint32_t i = 0; i < way->count; i++)
        if (!way->steps[i].moved)
            move_list_fini(&way->steps[i].map);
    heap_free(way->steps);
    *way = (struct plan_way){0};
}
