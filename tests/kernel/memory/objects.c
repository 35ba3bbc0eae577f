/* Cases about the heap. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <fault/fault/fault.h>
#include <mm/heap/heap.h>
#include <string.h>
#include <task/task/task.h>

#define SLOTS 300u

struct slot {
    uint8_t *bytes;
    size_t len;
    uint8_t value;
};

static bool holds(const struct slot *slot)
{
    for (size_t i = 0; i < slot->len; i++)
        if (slot->bytes[i] != slot->value)
            return false;
    return true;
}

static size_t random_len(uint64_t *state)
{
    uint64_t dice = next_random(state);
    return dice % 10 < 8 ? dice / 16 % 600 : dice / 16 % 40000;
}

/* Takes and frees pieces of many sizes; each keeps its own bytes. */
static bool churn(struct slot *slots, uint64_t seed, unsigned rounds)
{
    uint64_t state = seed;
    bool good = true;
    memset(slots, 0, SLOTS * sizeof *slots);
    for (unsigned round = 0; round < rounds; round++) {
        struct slot *slot = &slots[next_random(&state) % SLOTS];
        if (slot->bytes != NULL) {
            good = good && holds(slot);
            heap_free(slot->bytes);
            slot->bytes = NULL;
            continue;
        }
        slot->len = random_len(&state);
        slot->value = (uint8_t)next_random(&state);
        slot->bytes = heap_alloc(slot->len);
        good = good && slot->bytes != NULL && ((uint64_t)slot->bytes & 15) == 0;
        if (slot->bytes != NULL)
            memset(slot->bytes, slot->value, slot->len);
    }
    for (size_t i = 0; i < SLOTS; i++)
        if (slots[i].bytes != NULL) {
            good = good && holds(&slots[i]);
            heap_free(slots[i].bytes);
        }
    return good;
}

void objects_keep_their_bytes(void)
{
    static struct slot slots[SLOTS];
    struct heap_stats before, after;
    heap_stats_read(&before);
    KTEST_CHECK(churn(slots, 1, 20000));
    heap_stats_read(&after);
    KTEST_CHECK(heap_check());
    KTEST_CHECK(after.live_count <= before.live_count + 4); /* other tasks are alive too */
}

/* Reads through a pointer that the compiler must not know to be freed. */
void freed_memory_is_overwritten(void)
{
    uint8_t *object = heap_alloc(100);
    volatile uint64_t address = (uint64_t)object;
    KTEST_CHECK(object != NULL);
    memset(object, 7, 100);
    heap_free(object);
    KTEST_CHECK(*(volatile uint8_t *)address != 7);
}

void sizes_at_the_edges_work(void)
{
    static const size_t lens[] = {0,    1,    15,   16,   17,    2047,  2048,
                                  2049, 8095, 8096, 8097, 16384, 65536, 1000000};
    for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
        uint8_t *object = heap_alloc(lens[i]);
        KTEST_CHECK(object != NULL);
        KTEST_CHECK(heap_size(object) >= lens[i]);
        memset(object, 0xa5, heap_size(object));
        heap_free(object);
    }
    heap_free(NULL);
    KTEST_CHECK(heap_check());
}

/* The scans for references read objects to their ends, also of those that are not filled yet. */
void nothing_is_left_in_a_large_object(void)
{
    size_t len = 5 * 4096 - 2000;
    for (uint32_t i = 0; i < 20; i++) {
        uint64_t *object = heap_alloc(len);
        KTEST_CHECK(object != NULL && heap_size(object) > len);
        for (size_t k = 0; k < heap_size(object) / 8; k++)
            KTEST_CHECK(object[k] == 0);
        memset(object, 0xa5, heap_size(object));
        heap_free(object);
    }
}

void too_much_gives_null(void)
{
    volatile size_t huge = SIZE_MAX / 2;
    struct heap_stats before, after;
    heap_stats_read(&before);
    KTEST_CHECK(heap_alloc(huge) == NULL);
    KTEST_CHECK(heap_calloc(huge, 4) == NULL);
    KTEST_CHECK(heap_alloc(1ull << 39) == NULL);
    heap_stats_read(&after);
    KTEST_CHECK(after.failures ==
                before.failures + 2); /* the overflowing product is not even asked for */
}

void realloc_keeps_the_common_part(void)
{
    uint8_t *object = heap_realloc(NULL, 10);
    KTEST_CHECK(object != NULL);
    memset(object, 3, 10);
    for (size_t len = 20; len < 100000; len *= 3) {
        object = heap_realloc(object, len);
        KTEST_CHECK(object != NULL && object[0] == 3 && object[9] == 3);
    }
    object = heap_realloc(object, 10);
    KTEST_CHECK(object != NULL && object[0] == 3 && object[9] == 3);
    KTEST_CHECK(heap_size(object) < 1000);
    heap_free(object);
}

struct visit {
    const void *small, *large;
    unsigned found;
};

static bool visit_run(const struct heap_run *run, bool *seen, void *arg)
{
    struct visit *visit = arg;
    (void)seen;
    for (uint64_t i = 0; i < run->count; i++) {
        uint64_t object = run->at + i * run->len;
        visit->found += heap_run_uses(run, i) &&
                        ((object == (uint64_t)visit->small && run->len >= 24) ||
                         (object == (uint64_t)visit->large && run->len >= 50000));
    }
    return true;
}

void every_live_object_is_visited(void)
{
    void *small = heap_alloc(24), *large = heap_alloc(50000);
    struct visit visit = {small, large, 0};
    heap_for_each_run(visit_run, &visit);
    KTEST_CHECK(visit.found == 2);
    heap_free(small);
    heap_free(large);
    visit.found = 0;
    heap_for_each_run(visit_run, &visit);
    KTEST_CHECK(visit.found == 0);
}

struct seen {
    uint64_t object; /* of the run that is asked for */
    bool before;
    uint64_t runs;
};

static bool see_run(const struct heap_run *run, bool *seen, void *arg)
{
    struct seen *s = arg;
    s->runs++;
    if (s->object - run->at < run->len * run->count)
        s->before = *seen;
    *seen = true;
    return true;
}

void runs_are_seen_until_they_are_given_back(void)
{
    void *old = heap_alloc(50000);
    struct seen s = {0};
    heap_for_each_run(see_run, &s);
    KTEST_CHECK(s.runs > 0 && s.runs <= heap_runs_bound());
    s.object = (uint64_t)old;
    heap_for_each_run(see_run, &s);
    KTEST_CHECK(s.before);
    heap_free(old);
    void *fresh = heap_alloc(60000);
    s = (struct seen){.object = (uint64_t)fresh, .before = true};
    heap_for_each_run(see_run, &s);
    KTEST_CHECK(!s.before);
    heap_free(fresh);
}

static volatile uint64_t twice_calls;

static struct wait twice_step(void *arg)
{
    volatile uint64_t address;
    (void)arg;
    if (twice_calls++ > 0)
        return wait_done();
    address = (uint64_t)heap_alloc(40);
    heap_free((void *)address);
    heap_free((void *)address);
    return wait_done();
}

void freeing_twice_is_a_fault(void)
{
    uint64_t before = fault_count();
    KTEST_CHECK(task_create("free twice", twice_step, NULL, NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&twice_calls, 2, 5 * NS_PER_S));
    KTEST_CHECK(fault_count() == before + 1);
    KTEST_CHECK(heap_check());
}

static volatile uint64_t sharers_done, sharers_wrong;

static struct wait share_step(void *arg)
{
    struct slot *slots = heap_calloc(SLOTS, sizeof *slots);
    if (slots == NULL || !churn(slots, (uint64_t)arg, 5000))
        __atomic_add_fetch(&sharers_wrong, 1, __ATOMIC_SEQ_CST);
    heap_free(slots);
    __atomic_add_fetch(&sharers_done, 1, __ATOMIC_SEQ_CST);
    return wait_done();
}

void several_tasks_share_the_heap(void)
{
    for (uint64_t i = 1; i <= 6; i++)
        KTEST_CHECK(task_create("share", share_step, (void *)(i * 77), NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&sharers_done, 6, 30 * NS_PER_S));
    KTEST_CHECK(sharers_wrong == 0);
    KTEST_CHECK(heap_check());
}
