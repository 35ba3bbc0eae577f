/* Slabs of equal objects, and runs of frames for large ones. */
/* SPDX-License-Identifier: MIT */
#include <mm/heap/heap.h>

#include "watch.h"

#include <fault/fault/fault.h>
#include <lib/base/atomic.h>
#include <lib/base/list.h>
#include <mm/frame/frame.h>
#include <mm/paging/paging.h>
#include <string.h>
#include <task/spinlock/spinlock.h>

/* Invariants (heap_check()):
 *  1. Every pointer that is handed out lies in the first 16 KiB of a block that is aligned to 16 KiB and begins with a
 *     head; the head says the object's size and whether it is in use.
 *  2. used = number of set bits of the map; a block on a class's partial list has a free object, one on its full list none.
 *  3. Every byte of a free object is POISON.
 *  4. A block of a class's lists says so, and the length of its objects; objects are only taken from those of the length that
 *     the table has for the class now.
 * A block with no object in use goes back to the frames, unless it is its class's only partial one. */

#define BLOCK_LEN 16384u
#define HEAD_LEN 192u
#define MAGIC_SMALL 0x4c4d5348u
#define MAGIC_LARGE 0x47524c48u
#define POISON 0xdf
#define MAP_WORDS 16u

struct head {
    uint32_t magic;
    uint32_t object_len; /* small */
    uint32_t capacity;   /* small: objects in this block */
    uint32_t used;       /* small */
    struct list link;    /* small: partial or full list; large: list of all */
    uint64_t frames;
    uint64_t len; /* large: bytes asked for, rounded up to 16 */
    uint32_t class_index;
    bool seen;               /* heap_for_each_run() */
    uint64_t map[MAP_WORDS]; /* 1 = in use */
};
_Static_assert(sizeof(struct head) <= HEAD_LEN, "the first object follows");

/* The larger ones divide what a block holds with little rest. Another version may have other lengths here: each block keeps to
 * the one that it was made for (invariant 4), and goes when its last object does. */
static const uint32_t class_lens[] = {16,  32,  48,   64,   96,   128,  192,  256, 384,
                                      512, 768, 1024, 1536, 2048, 3232, 5392, 8096};
#define CLASSES ARRAY_LEN(class_lens)

/* What the table says just now: a swap may rewrite it between two looks, though not while a lock is held. */
static uint32_t class_len(uint32_t index)
{
    return *(const volatile uint32_t *)&class_lens[index];
}

/* The first class of objects that long; CLASSES: none. */
static uint32_t class_of(size_t len)
{
    uint32_t index = 0;
    while (index < CLASSES && class_len(index) < len)
        index++;
    return index;
}

struct class
{
    struct spinlock lock;
    struct list partial; /* [L] */
    struct list full;    /* [L] */
};

static struct {
    struct class classes[CLASSES];
    struct spinlock large_lock;
    struct list large;       /* [L] */
    struct heap_stats stats; /* [a] */
} heap;

void heap_start(void)
{
    for (size_t i = 0; i < CLASSES; i++) {
        list_init(&heap.classes[i].partial);
        list_init(&heap.classes[i].full);
    }
    list_init(&heap.large);
}

static struct head *head_of(const void *object)
{
    return (struct head *)align_down((uint64_t)object, BLOCK_LEN);
}

static uint8_t *object_at(struct head *head, uint32_t index)
{
    return (uint8_t *)head + HEAD_LEN + (size_t)index * head->object_len;
}

static struct head *block_take(size_t frames)
{
    uint64_t phys;
    struct head *head;
    if (frame_take_run(frames, 0, &phys) != STATUS_OK)
        return NULL;
    head = phys_to_virt(phys);
    memset(head, 0, HEAD_LEN);
    head->frames = frames;
    atomic_add(&heap.stats.held_bytes, frames * PAGE_SIZE);
    return head;
}

static void block_put(struct head *head)
{
    size_t frames = head->frames;
    head->magic = 0;
    atomic_sub(&heap.stats.held_bytes, frames * PAGE_SIZE);
    frame_put_run(direct_to_phys(head), frames);
}

static void count_alloc(size_t len)
{
    atomic_add(&heap.stats.live_bytes, len);
    atomic_add(&heap.stats.live_count, 1);
    atomic_add(&heap.stats.allocations, 1);
}

static void count_free(size_t len)
{
    atomic_sub(&heap.stats.live_bytes, len);
    atomic_sub(&heap.stats.live_count, 1);
}

static struct head *small_block_take(uint32_t class_index)
{
    struct head *head = block_take(BLOCK_LEN / PAGE_SIZE);
    if (head == NULL)
        return NULL;
    head->magic = MAGIC_SMALL;
    head->class_index = class_index;
    head->object_len = class_len(class_index);
    head->capacity = (BLOCK_LEN - HEAD_LEN) / head->object_len;
    memset(object_at(head, 0), POISON, BLOCK_LEN - HEAD_LEN);
    list_push_front(&heap.classes[class_index].partial, &head->link);
    return head;
}

/* Lends a block with room for an object of the length that the class has now. What was made of frames that are set aside is only
 * for the task that may draw on these: others would soon have filled it. */
static struct head *small_block(const struct class *class, uint32_t class_index)
{
    struct head *head;
    list_for_each(head, &class->partial, link)
    {
        if (head->object_len == class_len(class_index) &&
            !frame_withheld(direct_to_phys(head)))
            return head;
    }
    return small_block_take(class_index);
}

static void *take_object(struct class *class, struct head *head)
{
    uint32_t index = 0;
    for (size_t word = 0; word < MAP_WORDS; word++)
        if (head->map[word] != UINT64_MAX) {
            index = (uint32_t)(word * 64) + (uint32_t)__builtin_ctzll(~head->map[word]);
            break;
        }
    head->map[index / 64] |= 1ull << (index % 64);
    head->used++;
    if (head->used == head->capacity) {
        list_remove(&head->link);
        list_push_back(&class->full, &head->link);
    }
    return object_at(head, index);
}

/* *OUT is an object of the class, or NULL. False: the class has become one of shorter objects. */
static bool small_alloc(uint32_t class_index, size_t len, void **out)
{
    struct class *class = &heap.classes[class_index];
    bool fits;
    struct head *head;
    spin_lock(&class->lock);
    fits = class_len(class_index) >= len;
    head = fits ? small_block(class, class_index) : NULL;
    *out = head != NULL ? take_object(class, head) : NULL;
    spin_unlock(&class->lock);
    return fits;
}

static void *large_alloc(size_t len)
{
    size_t frames = (len + HEAD_LEN + PAGE_SIZE - 1) / PAGE_SIZE;
    struct head *head = block_take(frames);
    if (head == NULL)
        return NULL;
    head->magic = MAGIC_LARGE;
    head->len = frames * PAGE_SIZE - HEAD_LEN;
    /* Whoever looks for addresses in objects would find those of the frames' last user, a stack for one: behind the object, and
     * in it, while it is filled bit by bit. */
    memset((uint8_t *)head + HEAD_LEN, 0, head->len);
    spin_lock(&heap.large_lock);
    list_push_back(&heap.large, &head->link);
    spin_unlock(&heap.large_lock);
    return (uint8_t *)head + HEAD_LEN;
}

void *heap_alloc(size_t len)
{
    uint32_t class_index;
    void *object = NULL;
    if (!memory_fails_now()) {
        do
            class_index = class_of(len);
        while (class_index < CLASSES && !small_alloc(class_index, len, &object));
        if (class_index == CLASSES && len < 1ull << 40)
            object = large_alloc(len);
    }
    if (object == NULL) {
        atomic_add(&heap.stats.failures, 1);
        return NULL;
    }
    count_alloc(heap_size(object));
    watch_alloc(object);
    return object;
}

void *heap_calloc(size_t n, size_t len)
{
    size_t total;
    void *object;
    if (__builtin_mul_overflow(n, len, &total))
        return NULL;
    object = heap_alloc(total);
    /* All of it: who searches the heap for pointers would take what lay behind for one. A large one is clear already. */
    if (object != NULL && head_of(object)->magic == MAGIC_SMALL)
        memset(object, 0, heap_size(object));
    return object;
}

size_t heap_size(const void *object)
{
    const struct head *head = head_of(object);
    return head->magic == MAGIC_SMALL ? head->object_len : head->len;
}

/* Says whether the class keeps HEAD, of which no object is in use: as its only block with room that it can still use. */
static bool is_spare(const struct class *class, const struct head *head)
{
    return class->partial.next == class->partial.prev &&
           head->object_len == class_len(head->class_index);
}

/* Invariant 1 for a pointer that comes back; false: it was never handed out, or is free already. */
static bool small_release(struct head *head, uint8_t *object)
{
    struct class *class = &heap.classes[head->class_index];
    size_t offset = (size_t)(object - object_at(head, 0));
    uint32_t index = (uint32_t)(offset / head->object_len);
    uint64_t bit = 1ull << (index % 64);
    bool was_full, good;
    spin_lock(&class->lock);
    good = offset % head->object_len == 0 && index < head->capacity &&
           (head->map[index / 64] & bit);
    if (good) {
        memset(object, POISON, head->object_len);
        was_full = head->used == head->capacity;
        head->map[index / 64] &= ~bit;
        head->used--;
        if (was_full) {
            list_remove(&head->link);
            list_push_front(&class->partial, &head->link);
        }
        if (head->used == 0 && !is_spare(class, head)) {
            list_remove(&head->link);
            block_put(head);
        }
    }
    spin_unlock(&class->lock);
    return good;
}

void heap_free(void *object)
{
    struct head *head = head_of(object);
    size_t len;
    bool good = false;
    if (object == NULL)
        return;
    watch_free(object);
    if (head->magic == MAGIC_SMALL) {
        len = head->object_len;
        good = small_release(head, object);
    } else if (head->magic == MAGIC_LARGE && object == (uint8_t *)head + HEAD_LEN) {
        len = head->len;
        spin_lock(&heap.large_lock);
        list_remove(&head->link);
        spin_unlock(&heap.large_lock);
        memset(object, POISON, min_u64(len, PAGE_SIZE));
        block_put(head);
        good = true;
    }
    if (!good)
        fault_panic("heap: %p is not an object in use", object);
    count_free(len);
}

void *heap_realloc(void *object, size_t len)
{
    size_t old_len;
    void *moved;
    if (object == NULL)
        return heap_alloc(len);
    old_len = heap_size(object);
    if (len <= old_len && len >= old_len / 2)
        return object;
    moved = heap_alloc(len);
    if (moved == NULL)
        return len <= old_len ? object : NULL;
    memcpy(moved, object, min_u64(old_len, len));
    heap_free(object);
    return moved;
}

void heap_stats_read(struct heap_stats *out)
{
    *out = (struct heap_stats){
        .live_bytes = atomic_load(&heap.stats.live_bytes),
        .live_count = atomic_load(&heap.stats.live_count),
        .held_bytes = atomic_load(&heap.stats.held_bytes),
        .allocations = atomic_load(&heap.stats.allocations),
        .failures = atomic_load(&heap.stats.failures),
    };
}

static bool in_use(const struct head *head, uint32_t index)
{
    return (head->map[index / 64] >> (index % 64) & 1) != 0;
}

static bool is_poison(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (bytes[i] != POISON)
            return false;
    return true;
}

static bool check_block(struct head *head, uint32_t class_index, bool full)
{
    uint32_t used = 0;
    if (head->magic != MAGIC_SMALL || head->class_index != class_index ||
        !head->object_len || head->object_len % 16 != 0 ||
        head->capacity != (BLOCK_LEN - HEAD_LEN) / head->object_len ||
        (head->used == head->capacity) != full)
        return false;
    for (uint32_t i = 0; i < head->capacity; i++) {
        used += in_use(head, i);
        if (!in_use(head, i) && !is_poison(object_at(head, i), head->object_len))
            return false;
    }
    return used == head->used;
}

bool heap_check(void)
{
    bool good = true;
    struct head *head;
    for (uint32_t i = 0; i < CLASSES; i++) {
        struct class *class = &heap.classes[i];
        spin_lock(&class->lock);
        list_for_each(head, &class->partial, link) good =
            good && check_block(head, i, false);
        list_for_each(head, &class->full, link) good = good && check_block(head, i, true);
        spin_unlock(&class->lock);
    }
    spin_lock(&heap.large_lock);
    list_for_each(head, &heap.large, link) good =
        good && head->magic == MAGIC_LARGE &&
        head->len == head->frames * PAGE_SIZE - HEAD_LEN;
    spin_unlock(&heap.large_lock);
    return good;
}

static bool visit_runs(struct list *blocks, heap_run_fn visit, void *arg)
{
    struct head *head;
    bool more = true;
    list_for_each(head, blocks, link)
    {
        struct heap_run run = {.at = (uint64_t)object_at(head, 0),
                               .len = head->object_len,
                               .count = head->capacity,
                               .used = head->map};
        if (head->magic == MAGIC_LARGE)
            run = (struct heap_run){
                .at = (uint64_t)head + HEAD_LEN, .len = head->len, .count = 1};
        more = more && visit(&run, &head->seen, arg);
    }
    return more;
}

void heap_for_each_run(heap_run_fn visit, void *arg)
{
    bool more = true;
    for (size_t i = 0; more && i < CLASSES; i++) {
        struct class *class = &heap.classes[i];
        spin_lock(&class->lock);
        more = visit_runs(&class->partial, visit, arg) &&
               visit_runs(&class->full, visit, arg);
        spin_unlock(&class->lock);
    }
    spin_lock(&heap.large_lock);
    (void)(more && visit_runs(&heap.large, visit, arg));
    spin_unlock(&heap.large_lock);
}

uint64_t heap_runs_bound(void)
{
    return atomic_load(&heap.stats.held_bytes) / PAGE_SIZE + 1;
}
