/* Looks for addresses in versions: on the stacks of tasks, in the heap and in homes.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/addresses.h>
#include <core/evolve/scan.h>
#include <core/evolve/unloaded.h>

#include <core/plan/elements.h>
#include <lib/base/sorted.h>
#include <mm/heap/heap.h>
#include <stdlib.h>

enum {
    CHUNK = 256 << 10,
    STACKS_PER_STEP = 4,
    SEEN_MAX = 256,
    SLACK = 256, /* blocks that come meanwhile */
};

struct target {
    uint64_t begin;
    uint64_t end;
    struct version *version;
};

struct block { /* a home, or a run of the heap */
    uint64_t at;
    uint64_t len;
    uint64_t object_len; /* of a run; 0: a home */
    /* Of a home that goes: what is found there counts for nobody who has it. */
    const struct version *owner;
};

static struct {
    struct target *targets;
    uint32_t target_count;
    struct addresses described; /* heap objects that describe versions */
    uint64_t limbo;             /* address of the head of that list: no reference */
    struct block *blocks;
    uint32_t block_count;
    uint32_t block_room;
    uint32_t block_next;
    uint64_t offset;         /* in the next block */
    uint64_t seen[SEEN_MAX]; /* ids of tasks */
    uint32_t seen_count;
    uint32_t unseen; /* tasks that still have to be looked at */
    uint32_t budget; /* stacks in this step */
} scan;

/* Homes of versions that are looked for, once for each version. */
static struct addresses leaving;

void scan_fini(void)
{
    addresses_fini(&leaving);
    /* What they hold are addresses that others look for (holders.c). */
    elements_forget(scan.targets, scan.target_count * sizeof *scan.targets);
    addresses_fini(&scan.described);
    elements_forget(scan.blocks, scan.block_count * sizeof *scan.blocks);
    scan.targets = NULL;
    scan.blocks = NULL;
}

/* ---- what to look for, and what is no reference ------------------------------------------ */

static void add_target(uint64_t begin, uint64_t len, struct version *v)
{
    if (begin && len)
        scan.targets[scan.target_count++] = (struct target){begin, begin + len, v};
}

static void add_object(const void *object, struct version *v)
{
    if (object)
        add_target((uint64_t)object, heap_size(object), v);
}

static void each_object(struct version *v, void (*visit)(const void *, struct version *))
{
    visit(v, v);
    visit(v->section_va, v);
    visit(v->section_home, v);
    visit(v->section_function, v);
    visit(v->section_object, v);
    visit(v->symbol_import, v);
    visit(v->functions, v);
    visit(v->exports, v);
    visit(v->imports, v);
    visit(v->sites, v);
    visit(v->fdes, v);
    visit(v->owned_bytes, v);
}

enum { OBJECTS_PER_VERSION = 12 };

bool scan_has_home(const struct version *v, uint64_t va)
{
    for (uint32_t i = 1; i < v->elf.section_count; i++)
        if (v->section_home[i] && v->section_home[i]->va == va)
            return true;
    return false;
}

static void add_homes(const struct version *v)
{
    for (uint32_t i = 1; i < v->elf.section_count; i++)
        if (v->section_home[i])
            addresses_add(&leaving, v->section_home[i]);
}

static bool list_homes(const struct version *limbo)
{
    const struct namespace *ns = namespace_kernel();
    uint32_t room = 1;
    for (const struct version *v = ns->versions; v; v = v->next)
        room += scan_is_candidate(v) ? v->elf.section_count : 0;
    for (const struct version *v = limbo; v; v = v->limbo)
        room += v->elf.section_count;
    if (!addresses_init(&leaving, room))
        return false;
    for (const struct version *v = ns->versions; v; v = v->next)
        if (scan_is_candidate(v))
            add_homes(v);
    for (const struct version *v = limbo; v; v = v->limbo)
        add_homes(v);
    addresses_sort(&leaving);
    return true;
}

bool scan_home_goes(const struct home *h)
{
    return addresses_count(&leaving, (uint64_t)h) == h->refs;
}

static void add_targets(struct version *v)
{
    v->hold = VERSION_FREE;
    v->holder = ~0ull;
    add_target(v->text_begin, v->text_end - v->text_begin, v);
    add_target(v->rodata.va, v->rodata.len, v);
    for (uint32_t i = 1; i < v->elf.section_count; i++)
        if (v->section_home[i] && scan_home_goes(v->section_home[i]))
            add_target(v->section_home[i]->va, v->section_home[i]->capacity, v);
    for (const struct stub *s = namespace_kernel()->stubs; s; s = s->next)
        if (s->version == v)
            add_target(s->va, NAMESPACE_STUB_LEN, v);
}

static uint32_t count_targets(const struct version *v)
{
    uint32_t count = OBJECTS_PER_VERSION + 2 + v->elf.section_count;
    for (const struct stub *s = namespace_kernel()->stubs; s; s = s->next)
        count += s->version == v;
    return count;
}

static int by_begin(const void *a, const void *b)
{
    uint64_t x = ((const struct target *)a)->begin;
    uint64_t y = ((const struct target *)b)->begin;
    return (x > y) - (x < y);
}

static bool list_targets(struct version *limbo)
{
    uint32_t room = 1;
    for (struct version *v = namespace_kernel()->versions; v; v = v->next)
        room += scan_is_candidate(v) ? count_targets(v) : 0;
    for (struct version *v = limbo; v; v = v->limbo)
        room += count_targets(v);
    scan.target_count = 0;
    scan.targets = heap_new_array(struct target, room);
    if (!scan.targets)
        return false;
    for (struct version *v = namespace_kernel()->versions; v; v = v->next)
        if (scan_is_candidate(v))
            add_targets(v);
    for (struct version *v = limbo; v; v = v->limbo) {
        add_targets(v);
        each_object(v, add_object);
    }
    qsort(scan.targets, scan.target_count, sizeof *scan.targets, by_begin);
    return true;
}

static void add_described(const void *object, struct version *v)
{
    (void)v;
    if (object)
        addresses_add(&scan.described, object);
}

static void add_described_home(const struct home *h)
{
    add_described(h, NULL);
    if (h)
        add_described(h->region, NULL);
}

/* Retire invariant 2. */
static bool list_described(struct version *limbo)
{
    const struct namespace *ns = namespace_kernel();
    uint32_t room;
    uint64_t bytes;
    unloaded_count(&room, &bytes);
    room += 4;
    for (struct version *v = ns->versions; v; v = v->next)
        room += OBJECTS_PER_VERSION;
    for (struct version *v = limbo; v; v = v->limbo)
        room += OBJECTS_PER_VERSION + 2 * v->elf.section_count;
    for (const struct stub *s = ns->stubs; s; s = s->next)
        room++;
    for (const struct home *h = ns->homes; h; h = h->next)
        room += 2;
    if (!addresses_init(&scan.described, room))
        return false;
    for (struct version *v = ns->versions; v; v = v->next)
        each_object(v, add_described);
    for (struct version *v = limbo; v; v = v->limbo) {
        each_object(v, add_described);
        for (uint32_t i = 1; i < v->elf.section_count; i++)
            add_described_home(v->section_home[i]);
    }
    for (const struct stub *s = ns->stubs; s; s = s->next)
        add_described(s, NULL);
    for (const struct home *h = ns->homes; h; h = h->next)
        add_described_home(h);
    unloaded_visit(add_described);
    add_described(scan.targets, NULL);
    addresses_sort(&scan.described);
    return true;
}

/* Versions are not referred to by what describes them, nor by the scan's own lists. */
static bool is_described(uint64_t object)
{
    return addresses_count(&scan.described, object) ||
           object == (uint64_t)scan.described.list || object == (uint64_t)scan.blocks;
}

/* ---- looking ----------------------------------------------------------------------------- */

/* FROM: what WHERE lies in, or NULL on a stack. */
static void look_at_word(uint64_t word, uint64_t where, enum version_hold hold,
                         const struct block *from)
{
    uint64_t behind = SORTED_UP_TO(scan.targets, scan.target_count, begin, word);
    if (!behind || word >= scan.targets[behind - 1].end)
        return;
    struct version *v = scan.targets[behind - 1].version;
    if (v->hold != VERSION_FREE || where == scan.limbo ||
        (from && from->owner && scan_has_home(v, from->at)))
        return;
    if (from && from->object_len &&
        is_described(where - (where - from->at) % from->object_len))
        return;
    v->hold = hold;
    v->holder = ~where;
}

static void look_at_range(uint64_t begin, uint64_t end, enum version_hold hold,
                          const struct block *from)
{
    for (uint64_t at = align_up(begin, 8); at + 8 <= end; at += 8)
        look_at_word(*(const volatile uint64_t *)at, at, hold, from);
}

static bool was_seen(uint64_t id)
{
    for (uint32_t i = 0; i < scan.seen_count; i++)
        if (scan.seen[i] == id)
            return true;
    return false;
}

/* Under the scheduler's lock. Between two steps, and after the last one, a task has no frame. */
static bool look_at_task(struct task *task, void *arg)
{
    struct saved_context context;
    uint64_t low;
    uint64_t top;
    (void)arg;
    if (task == task_current() || was_seen(task_id(task)))
        return true;
    if (task_state(task) == TASK_RUNNING || scan.seen_count == SEEN_MAX || !scan.budget) {
        scan.unseen++;
        return scan.budget > 0;
    }
    scan.seen[scan.seen_count++] = task_id(task);
    task_saved_context(task, &context);
    if (task_state(task) == TASK_FAULTED || !context.resume)
        return true;
    task_stack_range(task, &low, &top);
    if (context.rsp >= low && context.rsp < top)
        look_at_range(context.rsp, top, VERSION_ON_STACK, NULL);
    scan.budget--;
    return true;
}

bool scan_init(struct version *const *limbo)
{
    scan.seen_count = 0;
    scan.limbo = (uint64_t)limbo;
    return list_homes(*limbo) && list_targets(*limbo) && list_described(*limbo);
}

bool scan_tasks(void)
{
    scan.unseen = 0;
    scan.budget = STACKS_PER_STEP;
    task_for_each(look_at_task, NULL);
    return scan.unseen == 0;
}

/* What is not in use looks like no address. */
static bool note_run(const struct heap_run *run, bool *seen, void *arg)
{
    (void)seen;
    (void)arg;
    if (run->count == 1 && is_described(run->at))
        return true;
    if (scan.block_count == scan.block_room)
        return false;
    scan.blocks[scan.block_count++] =
        (struct block){run->at, run->len * run->count, run->len, NULL};
    return true;
}

/* One of the versions that H goes with, or NULL: it stays. */
static const struct version *owner_of(const struct home *h)
{
    const struct version *v = *(struct version *const *)scan.limbo;
    if (!scan_home_goes(h))
        return NULL;
    for (; v; v = v->limbo)
        if (scan_has_home(v, h->va))
            return v;
    v = namespace_kernel()->versions;
    while (v && !(scan_is_candidate(v) && scan_has_home(v, h->va)))
        v = v->next;
    return v;
}

/* Lists what there is now: objects of the heap that are freed before they are looked at do no
 * harm, for their memory can still be read. */
bool scan_list_memory(void)
{
    uint32_t homes = 0;
    for (const struct home *h = namespace_kernel()->homes; h; h = h->next)
        homes++;
    scan.block_count = 0;
    scan.block_next = 0;
    scan.offset = 0;
    scan.block_room = (uint32_t)heap_runs_bound() + SLACK;
    scan.blocks = heap_new_array(struct block, scan.block_room + homes);
    if (!scan.blocks)
        return false;
    heap_for_each_run(note_run, NULL);
    if (scan.block_count == scan.block_room)
        return false;
    for (const struct home *h = namespace_kernel()->homes; h; h = h->next)
        scan.blocks[scan.block_count++] = (struct block){h->va, h->len, 0, owner_of(h)};
    return true;
}

bool scan_memory(void)
{
    uint64_t left = CHUNK;
    while (left && scan.block_next < scan.block_count) {
        const struct block *b = &scan.blocks[scan.block_next];
        uint64_t len = b->len - scan.offset < left ? b->len - scan.offset : left;
        look_at_range(b->at + scan.offset, b->at + scan.offset + len, VERSION_POINTED_TO,
                      b);
        left -= len;
        scan.offset += len;
        if (scan.offset < b->len)
            continue;
        scan.offset = 0;
        scan.block_next++;
        left -= left < 16 ? left : 16; /* empty blocks count too */
    }
    return scan.block_next == scan.block_count;
}
