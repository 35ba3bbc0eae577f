/* Notes what is taken from the heap by way of given text, as long as a trial of that text lasts. */
/* SPDX-License-Identifier: MIT */
#include <mm/heap/heap.h>

#include "watch.h"

#include <lib/base/atomic.h>
#include <task/cpu/cpu.h>
#include <task/spinlock/spinlock.h>
#include <task/task/task.h>

/* An open hash table by address: who collides stands behind, and who leaves is replaced by those behind it. */

#define STACK_WORDS 512u
#define HASH_FACTOR 0x9e3779b97f4a7c15ull
#define FULL_NUMERATOR 3u /* of four */

static struct {
    struct spinlock lock;
    struct heap_watch *watch; /* [La] NULL: none */
} state;

static uint64_t stack_top(void)
{
    const struct cpu_block *cpu = cpu_here();
    const struct task *task = cpu->current;
    uint64_t low;
    uint64_t top;
    if (cpu->interrupt_depth != 0)
        return cpu->interrupt_stack;
    if (task == NULL)
        return cpu->scheduler_stack;
    task_stack_range(task, &low, &top);
    return top;
}

/* The innermost address in the texts on the stack, or 0. Words, not frames, are looked at: an old one that is mistaken for a
 * caller makes an object be looked for that somebody has. */
static uint64_t find_site(const struct heap_watch *watch)
{
    const uint64_t *at = (const uint64_t *)__builtin_frame_address(0);
    const uint64_t *end = (const uint64_t *)stack_top();
    if (end > at + STACK_WORDS)
        end = at + STACK_WORDS;
    for (; at < end; at++)
        for (uint32_t i = 0; *at - watch->low < watch->span && i < watch->text_count; i++)
            if (*at >= watch->texts[i].begin && *at < watch->texts[i].end)
                return *at;
    return 0;
}

static uint32_t home_of(const struct heap_watch *watch, uint64_t hidden)
{
    return (uint32_t)(hidden * HASH_FACTOR >> 32) & (watch->room - 1);
}

/* The place of HIDDEN, or the free one where it would stand. */
static uint32_t place_of(const struct heap_watch *watch, uint64_t hidden)
{
    uint32_t i = home_of(watch, hidden);
    while (watch->taken[i].hidden != 0 && watch->taken[i].hidden != hidden)
        i = (i + 1) & (watch->room - 1);
    return i;
}

static void put(struct heap_watch *watch, uint64_t hidden, uint64_t len, uint64_t site)
{
    uint32_t i = place_of(watch, hidden);
    if (watch->taken[i].hidden == 0) {
        watch->count++;
        watch->bytes += len;
    }
    watch->taken[i] = (struct heap_taken){
        .hidden = hidden, .len = len, .site = site, .serial = ++watch->serials};
}

static void take(struct heap_watch *watch, uint32_t hole)
{
    watch->count--;
    watch->bytes -= watch->taken[hole].len;
    for (uint32_t i = hole;;) {
        i = (i + 1) & (watch->room - 1);
        if (watch->taken[i].hidden == 0)
            break;
        uint32_t home = home_of(watch, watch->taken[i].hidden);
        if (((i - home) & (watch->room - 1)) < ((i - hole) & (watch->room - 1)))
            continue;
        watch->taken[hole] = watch->taken[i];
        hole = i;
    }
    watch->taken[hole] = (struct heap_taken){0};
}

void watch_alloc(const void *object)
{
    if (atomic_load(&state.watch) == NULL)
        return;
    spin_lock(&state.lock);
    struct heap_watch *watch = state.watch;
    uint64_t site = watch != NULL ? find_site(watch) : 0;
    if (site != 0 && (uint64_t)watch->count * 4 < (uint64_t)watch->room * FULL_NUMERATOR) {
        put(watch, ~(uint64_t)object, heap_size(object), site);
    } else if (site != 0) {
        watch->unnoted++;
        watch->unnoted_bytes += heap_size(object);
    }
    spin_unlock(&state.lock);
}

void watch_free(const void *object)
{
    if (atomic_load(&state.watch) == NULL)
        return;
    spin_lock(&state.lock);
    struct heap_watch *watch = state.watch;
    uint32_t i = watch != NULL ? place_of(watch, ~(uint64_t)object) : 0;
    if (watch != NULL && watch->taken[i].hidden != 0)
        take(watch, i);
    spin_unlock(&state.lock);
}

void heap_watch_begin(struct heap_watch *watch)
{
    uint64_t high = 0;
    watch->low = UINT64_MAX;
    for (uint32_t i = 0; i < watch->text_count; i++) {
        watch->low = min_u64(watch->low, watch->texts[i].begin);
        high = max_u64(high, watch->texts[i].end);
    }
    watch->span = watch->text_count != 0 ? high - watch->low : 0;
    atomic_store(&state.watch, watch);
}

void heap_watch_end(void)
{
    spin_lock(&state.lock);
    atomic_store(&state.watch, NULL);
    spin_unlock(&state.lock);
}

void heap_watch_each(heap_taken_fn visit, void *arg)
{
    spin_lock(&state.lock);
    struct heap_watch *watch = state.watch;
    for (uint32_t i = 0; watch != NULL && i < watch->room; i++)
        if (watch->taken[i].hidden != 0)
            visit(&watch->taken[i], arg);
    spin_unlock(&state.lock);
}

bool heap_watch_note(uint64_t object, uint32_t serial, uint32_t looks)
{
    bool good = false;
    spin_lock(&state.lock);
    struct heap_watch *watch = state.watch;
    if (watch != NULL) {
        struct heap_taken *taken = &watch->taken[place_of(watch, ~object)];
        good = taken->hidden != 0 && taken->serial == serial;
        if (good)
            taken->looks = looks;
    }
    spin_unlock(&state.lock);
    return good;
}
