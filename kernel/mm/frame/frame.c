/* A bitmap of all frames, 1 = taken. */
/* SPDX-License-Identifier: MIT */

/* The reserve is a range of whole words of the map. Its frames are free or taken like any others; but ordinary requests pass over
 * the range, and those of the task that may draw come to it last. */
#include <mm/frame/frame.h>

#include <boot/bootinfo/bootinfo.h>
#include <fault/fault/fault.h>
#include <lib/base/atomic.h>
#include <string.h>
#include <task/cpu/cpu.h>
#include <task/spinlock/spinlock.h>
#include <task/task/task.h>

#define LOW_LIMIT (1ull << 20) /* firmware, trampoline */
#define RUN_ALIGN_MAX 16u      /* frames */
#define WORD_BITS 64u

static struct {
    struct spinlock lock;
    uint64_t *map;   /* [I] one bit a frame, in the direct map */
    uint64_t frames; /* [I] bits in the map */
    uint64_t hint;   /* [L] no word before this one has a free bit, but in the reserve */
    struct frame_stats stats;  /* [L] */
    uint64_t warn_limit;       /* [L] frames; 0: nobody waits */
    struct event *warn_event;  /* [L] */
    uint64_t reserve_first;    /* [La] words of the map */
    uint64_t reserve_words;    /* [La] 0: nothing is set aside */
    uint64_t reserve_free;     /* [L] frames of it */
    const struct task *drawer; /* [a] may have frames of the reserve; NULL: nobody */
} pool;

static bool taken(uint64_t frame)
{
    return (pool.map[frame / WORD_BITS] >> (frame % WORD_BITS) & 1) != 0;
}

static void mark(uint64_t frame, bool is_taken)
{
    uint64_t bit = 1ull << (frame % WORD_BITS);
    if (is_taken)
        pool.map[frame / WORD_BITS] |= bit;
    else
        pool.map[frame / WORD_BITS] &= ~bit;
}

static bool in_reserve(uint64_t word)
{
    return word - atomic_load(&pool.reserve_first) < atomic_load(&pool.reserve_words);
}

static bool may_draw(void)
{
    const struct task *drawer = atomic_load(&pool.drawer);
    return drawer != NULL && drawer == cpu_current_task() && !cpu_in_interrupt();
}

bool frame_withheld(uint64_t phys)
{
    return in_reserve(phys / PAGE_SIZE / WORD_BITS) && !may_draw();
}

/* FIRST is one of FRAMES, all of them in the reserve or none. */
static void count_taken(uint64_t first, uint64_t frames)
{
    if (in_reserve(first / WORD_BITS)) {
        pool.reserve_free -= frames;
        return;
    }
    pool.stats.free -= frames;
    if (pool.stats.free < pool.stats.lowest_free)
        pool.stats.lowest_free = pool.stats.free;
    if (pool.stats.free >= pool.warn_limit)
        return;
    pool.warn_limit = 0;
    event_signal(pool.warn_event);
}

void frame_warn(uint64_t limit, struct event *event)
{
    spin_lock(&pool.lock);
    pool.warn_limit = limit;
    pool.warn_event = event;
    spin_unlock(&pool.lock);
}

void frame_put_run(uint64_t phys, size_t count)
{
    uint64_t first = phys / PAGE_SIZE;
    bool wrong =
        (phys & PAGE_MASK) != 0 || phys < LOW_LIMIT || first + count > pool.frames;
    spin_lock(&pool.lock);
    for (uint64_t frame = first; !wrong && frame < first + count; frame++) {
        wrong = !taken(frame);
        mark(frame, false);
        if (in_reserve(frame / WORD_BITS))
            pool.reserve_free++;
        else
            pool.stats.free++;
    }
    if (!wrong)
        pool.hint = min_u64(pool.hint, first / WORD_BITS);
    spin_unlock(&pool.lock);
    if (wrong)
        fault_panic("frame: %lx was not taken", phys);
}

void frame_put(uint64_t phys)
{
    frame_put_run(phys, 1);
}

static size_t run_align(size_t count)
{
    size_t align = 1;
    while (align < count && align < RUN_ALIGN_MAX)
        align *= 2;
    return align;
}

/* Length of the free run at FIRST, looking no further than COUNT. */
static size_t free_run(uint64_t first, size_t count)
{
    size_t len = 0;
    while (len < count && !taken(first + len))
        len++;
    return len;
}

/* Takes COUNT adjacent frames, the first aligned to ALIGN frames, from FROM to LIMIT - 1. Under the lock. */
static enum status take_between(uint64_t from, uint64_t limit, size_t count, size_t align,
                                uint64_t *out_phys)
{
    for (uint64_t first = align_up(from, align); first + count <= limit;) {
        size_t len = free_run(first, count);
        if (len == count) {
            for (size_t i = 0; i < count; i++)
                mark(first + i, true);
            count_taken(first, count);
            *out_phys = first * PAGE_SIZE;
            return STATUS_OK;
        }
        first = align_up(first + len + 1, align);
    }
    return STATUS_FULL;
}

/* The same before the reserve, or behind it, or, as the last resort, in it. */
static enum status take_run(size_t count, size_t align, uint64_t limit, uint64_t *out_phys)
{
    uint64_t begin = pool.reserve_first * WORD_BITS;
    uint64_t end = begin + pool.reserve_words * WORD_BITS;
    uint64_t hint = pool.hint * WORD_BITS;
    enum status status = take_between(hint, begin < end ? min_u64(limit, begin) : limit,
                                      count, align, out_phys);
    if (status != STATUS_OK && begin < end)
        status = take_between(max_u64(hint, end), limit, count, align, out_phys);
    if (status != STATUS_OK && begin < end && may_draw())
        status = take_between(begin, min_u64(limit, end), count, align, out_phys);
    return status;
}

static void skip_full(void)
{
    while (pool.hint < pool.frames / WORD_BITS &&
           (pool.map[pool.hint] == UINT64_MAX || in_reserve(pool.hint)))
        pool.hint++;
}

static enum status take_one(uint64_t *out_phys)
{
    uint64_t begin = pool.reserve_first * WORD_BITS;
    uint64_t end = begin + pool.reserve_words * WORD_BITS;
    skip_full();
    if (pool.hint < pool.frames / WORD_BITS) {
        uint64_t bit = (uint64_t)__builtin_ctzll(~pool.map[pool.hint]);
        return take_between(pool.hint * WORD_BITS + bit, pool.frames, 1, 1, out_phys);
    }
    return may_draw() ? take_between(begin, end, 1, 1, out_phys) : STATUS_FULL;
}

enum status frame_take(uint64_t *out_phys)
{
    enum status status;
    if (memory_fails_now())
        return STATUS_FULL;
    spin_lock(&pool.lock);
    status = take_one(out_phys);
    spin_unlock(&pool.lock);
    return status;
}

enum status frame_take_run(size_t count, uint64_t max_phys, uint64_t *out_phys)
{
    uint64_t limit = pool.frames;
    enum status status;
    if (count == 0)
        return STATUS_INVALID;
    if (memory_fails_now())
        return STATUS_FULL;
    if (max_phys != 0)
        limit = min_u64(limit, max_phys / PAGE_SIZE);
    spin_lock(&pool.lock);
    status = take_run(count, run_align(count), limit, out_phys);
    spin_unlock(&pool.lock);
    return status;
}

/* ---- the reserve --------------------------------------------------------------------------- */

/* Under the lock. */
static void reserve_end(void)
{
    atomic_store(&pool.drawer, NULL);
    if (pool.reserve_words != 0)
        pool.hint = min_u64(pool.hint, pool.reserve_first);
    atomic_store(&pool.reserve_words, 0);
    pool.stats.free += pool.reserve_free;
    pool.reserve_free = 0;
}

void frame_reserve_end(void)
{
    spin_lock(&pool.lock);
    reserve_end();
    spin_unlock(&pool.lock);
}

/* From the end of memory, where ordinary requests come last. */
enum status frame_reserve(size_t count)
{
    uint64_t words = align_up(count, WORD_BITS) / WORD_BITS;
    uint64_t found = 0;
    uint64_t at;
    if (memory_fails_now())
        return STATUS_FULL;
    spin_lock(&pool.lock);
    reserve_end();
    for (at = pool.frames / WORD_BITS; at > 0 && found < words; at--)
        found = pool.map[at - 1] == 0 ? found + 1 : 0;
    if (found == words) {
        count_taken(at * WORD_BITS, words * WORD_BITS);
        atomic_store(&pool.reserve_first, at);
        atomic_store(&pool.reserve_words, words);
        pool.reserve_free = words * WORD_BITS;
    }
    spin_unlock(&pool.lock);
    return found == words ? STATUS_OK : STATUS_FULL;
}

void frame_draw(const struct task *task)
{
    atomic_store(&pool.drawer, task);
}

void frame_stats_read(struct frame_stats *out)
{
    spin_lock(&pool.lock);
    *out = pool.stats;
    spin_unlock(&pool.lock);
}

enum status frame_used_run(uint64_t from, size_t max, uint64_t *out_phys,
                           size_t *out_count)
{
    uint64_t frame = max_u64(from, LOW_LIMIT) / PAGE_SIZE;
    size_t count = 0;
    spin_lock(&pool.lock);
    while (frame < pool.frames && !taken(frame))
        frame = pool.map[frame / WORD_BITS] != 0
                    ? frame + 1
                    : align_down(frame, WORD_BITS) + WORD_BITS;
    while (count < max && frame + count < pool.frames && taken(frame + count))
        count++;
    spin_unlock(&pool.lock);
    if (count == 0)
        return STATUS_NOT_FOUND;
    *out_phys = frame * PAGE_SIZE;
    *out_count = count;
    return STATUS_OK;
}

static uint64_t count_free(void)
{
    uint64_t free = 0;
    for (uint64_t word = 0; word < pool.frames / WORD_BITS; word++) {
        if (pool.map[word] == 0)
            free += WORD_BITS;
        else
            for (uint64_t bits = ~pool.map[word]; bits != 0; bits &= bits - 1)
                free++;
    }
    return free;
}

bool frame_check(void)
{
    uint64_t free;
    bool good;
    spin_lock(&pool.lock);
    free = count_free();
    good = free == pool.stats.free + pool.reserve_free &&
           pool.stats.lowest_free <= pool.stats.free && free <= pool.stats.total;
    for (uint64_t word = 0; word < pool.hint; word++) /* the hint does not lie */
        good = good && (pool.map[word] == UINT64_MAX || in_reserve(word));
    spin_unlock(&pool.lock);
    return good;
}

struct range {
    uint64_t begin, end;
};

/* What the boot has put into RAM: entry INDEX, empty past the end. */
static bool occupied_at(size_t index, struct range *out)
{
    struct boot_segment segment;
    uint64_t text_end;
    switch (index) {
    case 0: *out = (struct range){0, LOW_LIMIT}; return true;
    case 1: boot_stub_range(&out->begin, &text_end, &out->end); return true;
    case 2:
        *out =
            (struct range){boot_archive_phys(), boot_archive_phys() + boot_archive_len()};
        return true;
    default:
        if (boot_segment_at(index - 3, &segment) != STATUS_OK)
            return false;
        *out = (struct range){segment.phys, segment.phys + segment.len};
        return true;
    }
}

/* The first place in RAM for LEN bytes that is not occupied; 0 = none. */
static uint64_t find_room(uint64_t len)
{
    struct boot_memory memory;
    struct range occupied;
    for (size_t m = 0; boot_memory_at(m, &memory) == STATUS_OK; m++) {
        uint64_t at = align_up(memory.addr, PAGE_SIZE), end = memory.addr + memory.len;
        bool moved = memory.type == 1;
        while (moved && at + len <= end) {
            moved = false;
            for (size_t i = 0; occupied_at(i, &occupied); i++)
                if (at < occupied.end && at + len > occupied.begin) {
                    at = align_up(occupied.end, PAGE_SIZE);
                    moved = true;
                }
            if (!moved)
                return at;
        }
    }
    return 0;
}

static void mark_range(uint64_t begin, uint64_t end, bool is_taken)
{
    begin = is_taken ? begin / PAGE_SIZE : align_up(begin, PAGE_SIZE) / PAGE_SIZE;
    end = is_taken ? align_up(end, PAGE_SIZE) / PAGE_SIZE : end / PAGE_SIZE;
    end = min_u64(end, pool.frames);
    for (uint64_t frame = begin; frame < end; frame++) {
        uint64_t whole = frame % WORD_BITS == 0 ? (end - frame) / WORD_BITS : 0;
        if (whole == 0) {
            mark(frame, is_taken);
            continue;
        }
        memset(&pool.map[frame / WORD_BITS], is_taken ? 0xff : 0, whole * 8);
        frame += whole * WORD_BITS - 1;
    }
}

enum status frame_start(void)
{
    struct boot_memory memory;
    struct range occupied;
    uint64_t top = 0, map_phys, map_len;
    for (size_t m = 0; boot_memory_at(m, &memory) == STATUS_OK; m++)
        if (memory.type == 1)
            top = max_u64(top, memory.addr + memory.len);
    pool.frames = align_up(top / PAGE_SIZE, WORD_BITS);
    map_len = align_up(pool.frames / 8, PAGE_SIZE);
    map_phys = find_room(map_len);
    if (map_phys == 0 || map_phys + map_len > 1ull << 32)
        return STATUS_FULL;
    pool.map = (uint64_t *)(BOOT_DIRECT_BASE + map_phys);
    memset(pool.map, 0xff, map_len);
    for (size_t m = 0; boot_memory_at(m, &memory) == STATUS_OK; m++)
        if (memory.type == 1)
            mark_range(memory.addr, memory.addr + memory.len, false);
    for (size_t m = 0; boot_memory_at(m, &memory) == STATUS_OK; m++)
        if (memory.type != 1) /* overlapping entries: reserved wins */
            mark_range(memory.addr, memory.addr + memory.len, true);
    mark_range(0, LOW_LIMIT, true);
    pool.stats.total = count_free();
    for (size_t i = 0; occupied_at(i, &occupied); i++)
        mark_range(occupied.begin, occupied.end, true);
    mark_range(map_phys, map_phys + map_len, true);
    pool.stats.free = count_free();
    pool.stats.lowest_free = pool.stats.free;
    return STATUS_OK;
}
