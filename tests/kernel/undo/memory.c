/* Cases that let each request for memory fail, in swaps of all kinds. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <console/console/console.h>
#include <mm/frame/frame.h>
#include <mm/heap/heap.h>
#include <mm/paging/paging.h>
#include <string.h>
#include <task/task/task.h>
#include <time/clock/clock.h>

#define STEPS_MAX 2000u
#define REPEATS 50u
#define NOISE_OBJECTS 2u /* the rest of the machine has more or fewer at times */
#define NOISE_BYTES 256u
#define NOISE_FRAMES 2u /* of the heap, of which one object is left */
#define TABLE_LEN (2ull << 20)

/* ---- what is taken ------------------------------------------------------------------------------------------------ */

/* Stubs of a lineage that has ended wait for another one: there are as many as lineages ever drained at a time. */
static void forget_stub(struct undo_use *use, const struct stub *s)
{
    use->objects -= s->cell ? 3 : 2;
    use->bytes -= heap_size(s) + heap_size(s->name) + (s->cell ? heap_size(s->cell) : 0);
}

void undo_use(struct undo_use *out)
{
    struct heap_stats heap;
    struct frame_stats frames;
    heap_stats_read(&heap);
    frame_stats_read(&frames);
    *out = (struct undo_use){.objects = heap.live_count,
                             .bytes = heap.live_bytes,
                             .frames = frames.total - frames.free -
                                       heap.held_bytes / PAGE_SIZE};
    for (const struct stub *s = namespace_kernel()->stubs; s; s = s->next)
        if (s->idle)
            forget_stub(out, s);
}

static bool nothing_left(void *arg)
{
    const struct undo_use *before = arg;
    struct undo_use now;
    undo_use(&now);
    return now.objects <= before->objects && now.bytes <= before->bytes &&
           now.frames <= before->frames;
}

bool undo_gave_back(const struct undo_use *before)
{
    struct undo_use most = *before;
    struct undo_use now;
    if (ktest_until(nothing_left, &most, NS_PER_S))
        return true;
    undo_use(&now);
    console_print("undo: %ld objects, %ld bytes, %ld frames are left\n",
                  (long)(now.objects - before->objects),
                  (long)(now.bytes - before->bytes), (long)(now.frames - before->frames));
    return false;
}

/* A retired version went meanwhile, and with it more than what a failure may have left. */
static bool less_than(const struct undo_use *before)
{
    struct undo_use now;
    undo_use(&now);
    return now.objects < before->objects || now.bytes < before->bytes ||
           now.frames < before->frames;
}

/* Page tables are never given back: all that the places of cells and their aliases want are made first. */
static void make_page_tables(void)
{
    uint64_t frame;
    KTEST_CHECK(frame_take(&frame) == STATUS_OK);
    for (uint64_t va = PAGING_CELL_BASE; va < PAGING_ALIAS_END; va += TABLE_LEN)
        if (paging_map(va, frame, 1, 0) == STATUS_OK)
            paging_unmap(va, 1);
    frame_put(frame);
}

static bool is_calm(void *arg)
{
    (void)arg;
    for (const struct version *v = namespace_kernel()->versions; v; v = v->next)
        if (v->state == VERSION_RETIRED && !v->pinned)
            return false;
    return true;
}

void undo_use_later(struct undo_use *out)
{
    bool calm = ktest_until(is_calm, NULL, 30 * NS_PER_S);
    KTEST_CHECK(calm);
    for (const struct version *v = namespace_kernel()->versions; v && !calm; v = v->next)
        if (v->state == VERSION_RETIRED)
            console_print("undo: kept: %s@%u: %u at %lx\n", v->info.name, v->number,
                          v->hold, version_holder(v));
    ktest_sleep(NS_PER_S); /* from leaving the namespace to being freed */
    undo_use(out);
}

bool undo_left_nothing(const struct undo_use *before)
{
    struct undo_use most = *before;
    struct undo_use now;
    undo_use_later(&now);
    most.objects += NOISE_OBJECTS;
    most.bytes += NOISE_BYTES;
    most.frames += NOISE_FRAMES;
    return undo_gave_back(&most);
}

static struct undo_use at_first;

/* A digest that does not see what a swap changes would be equal after a failure too. Each part was seen to be missing
 * when undo_digest() leaves it out. */
void undo_begin(void)
{
    make_page_tables();
    for (uint32_t i = 0; i < undo_kind_count; i++) {
        const struct undo_kind *k = &undo_kinds[i];
        struct undo_digest before;
        KTEST_CHECK(!k->begin || k->begin());
        undo_digest(&before);
        bool good = undo_swap_kind(k, false) == EVOLVE_PERMANENT && undo_holds(k);
        uint32_t changed = undo_changed(&before);
        good = good && (changed & k->changes) == k->changes;
        if (!good)
            console_print("undo: %s: parts %x of %x change: %s\n", k->name, changed,
                          k->changes, kswap_report(0)->reason.text);
        KTEST_CHECK(good);
        KTEST_CHECK(undo_swap_kind(k, true) == EVOLVE_PERMANENT && undo_holds(k));
    }
    for (uint32_t i = 0; i < EVOLVE_HISTORY; i++)
        KTEST_CHECK(kswap_run(&(struct kswap){.cell = "swap_target",
                                              .variant = "second",
                                              .dry_run = true}) == EVOLVE_PERMANENT);
    undo_use_later(
        &at_first); /* stubs and what else a first swap of each kind makes for good */
}

/* ---- requests that fail --------------------------------------------------------------------------------------------- */

/* Swaps of one kind in one direction, one after the other. */
struct row {
    const struct undo_kind *kind;
    bool back;          /* the direction */
    uint64_t count;     /* of requests that fail one after the other */
    uint32_t at;        /* the first of them, the next time */
    uint32_t failed;    /* of those so far */
    uint32_t came_back; /* of these, after the stores */
    uint32_t repeats; /* something else was freed meanwhile, so the use of memory says nothing */
    uint32_t left; /* tries of this request after which more was in use, one after the other */
    uint32_t drains;           /* versions, from before */
    bool all;                  /* there was no such request */
    struct undo_digest before; /* of what runs, unless a swap was made since */
    bool known;
};

/* A lineage's start hook asks for memory too, and the new guard takes its own part of the stores. */
static bool names_memory(const struct evolve_report *r)
{
    return strcmp(r->reason.code, "memory") == 0 ||
           (r->phase == EVOLVE_REVERTED && (strcmp(r->reason.code, "hook") == 0 ||
                                            strcmp(r->reason.code, "handover") == 0));
}

/* The swap was not made, or taken back: all is as it was, and as USE says. */
static bool is_undone(struct row *row, const struct undo_use *use)
{
    const struct evolve_report *r = kswap_report(0);
    bool reverted = r->phase == EVOLVE_REVERTED;
    uint32_t changed = undo_changed(&row->before);
    bool good = !row->all && names_memory(r) && undo_holds(row->kind) &&
                !(changed & (reverted ? UNDO_BUT_MARKS : UNDO_ALL));
    row->left = reverted || undo_gave_back(use) ? 0 : row->left + 1;
    good = good && row->left < UNDO_TRIES;
    row->came_back += reverted;
    if (!good)
        console_print("undo: %s: request %u: %s: %s: %s; parts %x differ\n",
                      row->kind->name, row->at, evolve_phase_name(r->phase),
                      r->reason.code, r->reason.text, changed);
    return good;
}

/* It was made, the request was for something that it can do without: the next try begins where this one did. */
static bool return_again(struct row *row)
{
    bool good = undo_holds(row->kind);
    if (row->kind->fails[0] && row->kind->fails[1])
        good = good && undo_swap_kind(row->kind, !row->back) == EVOLVE_PERMANENT &&
               undo_holds(row->kind);
    else
        row->back = !row->back;
    row->at += max_u64(1, row->kind->stride);
    row->known = false;
    return good;
}

static uint32_t draining(void)
{
    uint32_t count = 0;
    for (const struct version *v = namespace_kernel()->versions; v; v = v->next)
        count += v->state == VERSION_DRAINING;
    return count;
}

static bool has_drained(void *arg)
{
    return draining() <= *(uint32_t *)arg;
}

/* One try. Gives false if it left anything behind. */
static bool fail_once(struct row *row)
{
    struct undo_use use;
    KTEST_CHECK(ktest_until(has_drained, &row->drains,
                            10 * NS_PER_S)); /* by scans, which ask for memory too */
    if (!row->known)
        undo_digest(&row->before);
    undo_use(&use);
    memory_fail(undo_swap_task(), row->at, row->count);
    enum evolve_phase phase = undo_swap_kind(row->kind, row->back);
    row->all = !memory_failed();
    memory_fail(NULL, 0, 0);
    if (phase == EVOLVE_PERMANENT)
        return return_again(row);
    bool good = is_undone(row, &use);
    if (good && phase != EVOLVE_REVERTED && (row->left || less_than(&use)) &&
        row->repeats++ < REPEATS)
        return good;
    row->known = phase != EVOLVE_REVERTED;
    row->failed++;
    row->at += max_u64(1, row->kind->stride);
    return good;
}

static void fail_each(const struct undo_kind *kind, bool back)
{
    struct row row = {
        .kind = kind, .back = back, .count = kind->fails[back], .drains = draining()};
    uint64_t begun = clock_ns();
    bool good = true;
    while (good && !row.all && row.at < STEPS_MAX)
        good = fail_once(&row);
    console_print(
        "undo: %s %s, %s: %u of %u requests failed the swap, %u after its stores (%lu "
        "ms, %u repeated)\n",
        kind->name, back ? "back" : "there", row.count == 1 ? "one" : "all from there on",
        row.failed, row.at, row.came_back, (clock_ns() - begun) / NS_PER_MS, row.repeats);
    KTEST_CHECK(good && row.all && row.failed >= kind->least && undo_went_well());
    if (row.back != back)
        KTEST_CHECK(undo_swap_kind(kind, row.back) == EVOLVE_PERMANENT);
}

/* Hazard 28: each request for memory of the swap task fails, in swaps of each kind, alone or with all that follow. Those that
 * come after the commit are not the swap's own and may fail without harm. Seen to fail: when plan_load() does not destroy
 * its plan, plan_migrations_fini() keeps a list, list_targets() the stubs, bring() its copy or plan_takeovers_fini() a name,
 * by what is left in the heap; when journal_stub() stores at once, by the digest; and the machine resets itself, with all
 * requests, when a rehearsal takes its memory after the stores (moving.c without list_walks() in ready()), or the way
 * back from it its own (leaving.c with one room). */
void a_swap_that_runs_out_of_memory_changes_nothing(void)
{
    for (uint32_t i = 0; i < undo_kind_count; i++) {
        const struct undo_kind *k = &undo_kinds[i];
        fail_each(k, false);
        if (!k->fails[1])
            continue;
        KTEST_CHECK(undo_swap_kind(k, false) == EVOLVE_PERMANENT && undo_holds(k));
        fail_each(k, true);
        KTEST_CHECK(undo_swap_kind(k, true) == EVOLVE_PERMANENT && undo_holds(k));
    }
    KTEST_CHECK(undo_left_nothing(&at_first));
}

/* Request AT of the way back fails: it is tried again, and gives all back. */
static bool fail_back(const struct undo_kind *k, uint32_t at, bool *out_all)
{
    struct undo_digest before;
    undo_digest(&before);
    uint64_t attempt = kswap_begin(
        &(struct kswap){.others = k->there, .remove = k->there_goes, .trial_ms = 60000});
    memory_fail(undo_swap_task(), at, 1);
    KTEST_CHECK(evolve_revert(attempt, "test", "a wish") == STATUS_OK);
    bool good = kswap_became(kswap_end_report(attempt), EVOLVE_REVERTED, "test", NULL);
    *out_all = !memory_failed();
    memory_fail(NULL, 0, 0);
    uint32_t changed = undo_changed(&before);
    good = good && !(changed & undo_taken_back(k->moves)) && undo_holds(k);
    if (!good)
        console_print("undo: %s: request %u of the way back: parts %x differ\n", k->name,
                      at, changed);
    return good;
}

/* What is on trial is not left there for want of memory. */
void a_way_back_that_runs_out_of_memory_is_tried_again(void)
{
    for (uint32_t i = 0; i < undo_kind_count; i++) {
        const struct undo_kind *k = &undo_kinds[i];
        uint32_t at = 0;
        bool all = !k->asks_back;
        bool good = true;
        while (good && !all && at < STEPS_MAX)
            good = fail_back(k, at++, &all);
        if (k->asks_back)
            console_print("undo: %s: %u requests of the way back\n", k->name, at - 1);
        KTEST_CHECK(good && all && undo_went_well());
    }
}

/* The asker's own. */
void a_request_that_cannot_be_copied_is_not_queued(void)
{
    const struct kswap swap = {.cell = "swap_target",
                               .variant = "second",
                               .remove = "leaver",
                               .consent = "swap_target:nothing",
                               .dry_run = true};
    enum status status = STATUS_FULL;
    uint32_t at = 0;
    uint64_t attempt = 0;
    uint32_t left = 0;
    while (status == STATUS_FULL && at < STEPS_MAX && left < UNDO_TRIES) {
        struct undo_use use;
        undo_use(&use);
        memory_fail(task_current(), at, 1);
        status = kswap_submit(&swap, &attempt);
        memory_fail(NULL, 0, 0);
        KTEST_CHECK(status == STATUS_OK || attempt == 0);
        left = status == STATUS_OK || undo_gave_back(&use) ? 0 : left + 1;
        at += left == 0;
    }
    KTEST_CHECK(status == STATUS_OK && at > 5);
    KTEST_CHECK(kswap_end(attempt) == EVOLVE_PERMANENT);
}
