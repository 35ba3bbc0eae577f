/* A cell that exists to be swapped. */
/* SPDX-License-Identifier: MIT */
#include "swap_target.h"

#include <lib/base/evolve.h>
#include <mm/frame/frame.h>
#include <mm/heap/heap.h>
#include <mm/paging/paging.h>
#include <task/spinlock/spinlock.h>
#include <task/task/task.h>
#include <time/clock/clock.h>

#if defined VARIANT_second || defined VARIANT_fault || defined VARIANT_cli ||            \
    defined VARIANT_loop || defined VARIANT_deadlock || defined VARIANT_hook ||          \
    defined VARIANT_hook_loops || defined VARIANT_hook_slow || defined VARIANT_wrong ||  \
    defined VARIANT_check_loops || defined VARIANT_check_late ||                         \
    defined VARIANT_unchecked || defined VARIANT_leaks || defined VARIANT_loses ||       \
    defined VARIANT_caches || defined VARIANT_devours || defined VARIANT_hides ||        \
    defined VARIANT_asleep
#define VERSION 2u
#elif defined VARIANT_third || defined VARIANT_helper
#define VERSION 3u
#else
#define VERSION 1u
#endif

#ifdef VARIANT_type
static char *count; /* no rule leads from a number to a pointer */
#else
static uint64_t count;
#endif
static uint64_t object = 42;
static uint64_t steps;
static struct spinlock lock;
static struct held {
    struct held *next;
} *volatile held;
static volatile uint32_t lost;
/* Two chains of objects whose heads lie in a frame, all addresses with a mark in their low bit. */
static volatile uint64_t *volatile chains;
static volatile uint32_t from_chain;
#ifdef VARIANT_fault
static volatile uint32_t *volatile nowhere = (volatile uint32_t *)8;
#endif

#if defined VARIANT_cli || defined VARIANT_loop || defined VARIANT_hook_loops ||         \
    defined VARIANT_check_loops
static volatile uint32_t forever =
    1; /* or the compiler would drop what follows the loop */
#endif

static const char *const words[] = {
    "zero",
#if VERSION == 1
    "one",
#else
    "uno",
#endif
    "two",
};

#ifdef VARIANT_hook
enum status swap_target_evolved(uint32_t from);

enum status swap_target_evolved(uint32_t from)
{
    return from ? STATUS_IO : STATUS_OK;
}
#elif defined VARIANT_hook_loops || defined VARIANT_hook_slow
enum status swap_target_evolved(uint32_t from);

enum status swap_target_evolved(uint32_t from)
{
    (void)from;
#ifdef VARIANT_hook_loops
    while (__atomic_load_n(&forever, __ATOMIC_RELAXED))
        ;
#endif
    uint64_t end = clock_ns() + 300 * NS_PER_MS;
    while (clock_ns() < end)
        ;
    count += 1000;
    return STATUS_OK;
}
#endif

uint32_t swap_target_version(void)
{
    return VERSION;
}

uint64_t swap_target_count(void)
{
#ifdef VARIANT_loop
    while (forever)
        cpu_pause();
#endif
    return (uint64_t)++count;
}

#ifdef VARIANT_helper
__attribute__((noinline)) static uint64_t twice(uint64_t x)
{
    __asm__ volatile("" : "+r"(x));
    return 2 * x;
}
#endif

#ifdef VARIANT_signature
uint64_t swap_target_sum(uint64_t a, uint32_t b, uint32_t c)
{
    return a + b + c;
}
#elif defined VARIANT_helper
uint64_t swap_target_sum(uint64_t a, uint64_t b)
{
    return twice(a + b) - a - b;
}
#else
uint64_t swap_target_sum(uint64_t a, uint64_t b)
{
#if defined VARIANT_wrong || defined VARIANT_unchecked
    return a == b ? a : a + b;
#else
    return a + b;
#endif
}
#endif

#ifdef VARIANT_check_late
static uint32_t checked;
#endif

#if !defined VARIANT_unchecked && !defined VARIANT_signature
EVOLVE_CHECK(sums)
{
#ifdef VARIANT_check_loops
    while (__atomic_load_n(&forever, __ATOMIC_RELAXED))
        ;
#elif defined VARIANT_check_late
    if (checked++ != 0)
        return "once was enough";
#endif
    volatile uint64_t two = 2; /* what the compiler knows it would not compute */
    return swap_target_sum(two, two) == 4 ? NULL : "two and two are not four";
}
#endif

static uint32_t callback(void)
{
    return VERSION;
}

swap_target_fn swap_target_callback(void)
{
    return callback;
}

static swap_target_fn volatile by_variable = callback;

uint32_t swap_target_by_variable(void)
{
    return by_variable();
}

static const swap_target_fn by_table[] = {callback, swap_target_version};
static volatile uint32_t table_index;

uint32_t swap_target_by_table(void)
{
    return by_table[table_index]();
}

static void note(void *counts)
{
    __atomic_add_fetch((uint64_t *)counts + VERSION, 1, __ATOMIC_SEQ_CST);
}

swap_target_note_fn swap_target_note(void)
{
    return note;
}

uint64_t *swap_target_object(void)
{
    return &object;
}

const char *swap_target_word(uint32_t index)
{
    return words[index % ARRAY_LEN(words)];
}

static struct held *pop(uint32_t chain)
{
    struct held *h = (struct held *)(chains[chain] & ~1ull);
    if (h)
        chains[chain] = (uint64_t)h->next;
    return h;
}

void swap_target_give_back(void)
{
    struct held *h;
    lost = 0;
    from_chain = 0;
    for (uint32_t i = 0; chains && i < 2; i++)
        while ((h = pop(i)) != NULL)
            heap_free(h);
    if (chains)
        frame_put(direct_to_phys((const void *)chains));
    chains = NULL;
    while (held) {
        h = held;
        held = h->next;
        heap_free(h);
    }
}

#ifdef VARIANT_hides
static void push(uint32_t chain, struct held *h)
{
    h->next = (struct held *)chains[chain];
    chains[chain] = (uint64_t)h | 1;
}

/* One more object each time, and the heads of both chains change. */
static void take(void)
{
    enum { MOVES = 16 };
    uint64_t phys;
    if (!chains && frame_take(&phys) == STATUS_OK) {
        volatile uint64_t *fresh = phys_to_virt(phys);
        fresh[0] = fresh[1] = 0;
        chains = fresh;
    }
    struct held *h = chains ? heap_alloc(sizeof *h) : NULL;
    if (h)
        push(from_chain, h);
    for (uint32_t i = 0; h && i < MOVES; i++) {
        struct held *moved = pop(from_chain);
        if (moved)
            push(1 - from_chain, moved);
        else
            from_chain = 1 - from_chain;
    }
}
#elif defined VARIANT_leaks || defined VARIANT_loses || defined VARIANT_caches ||        \
    defined VARIANT_devours
static void take(void)
{
#if defined VARIANT_leaks
    struct held *h = heap_calloc(2, sizeof *h);
    if (h)
        h->next = heap_calloc(1, 100); /* goes with it */
#elif defined VARIANT_loses
    while (lost < 100 && heap_calloc(1, 100) != NULL)
        lost++;
#else
#ifdef VARIANT_caches
    struct held *h = heap_alloc(sizeof *h);
#else
    struct held *h = heap_alloc(1 << 20);
#endif
    if (h) {
        h->next = held;
        held = h;
    }
#endif
}
#endif

static struct wait target_step(void *arg)
{
    (void)arg;
    __atomic_add_fetch(&steps, 1, __ATOMIC_SEQ_CST);
#if defined VARIANT_leaks || defined VARIANT_loses || defined VARIANT_caches ||          \
    defined VARIANT_devours || defined VARIANT_hides
    take();
#endif
#if defined VARIANT_fault
    *nowhere = 1;
#elif defined VARIANT_cli
    (void)interrupts_off();
    while (forever)
        cpu_pause();
#elif defined VARIANT_loop
    while (forever)
        cpu_pause();
#endif
    spin_lock(&lock);
#ifdef VARIANT_deadlock
    spin_lock(&lock);
#endif
    spin_unlock(&lock);
    return wait_until(clock_ns() + NS_PER_MS);
}

enum status swap_target_task(void)
{
    return task_create("target", target_step, NULL, NULL) != NULL ? STATUS_OK
                                                                  : STATUS_FULL;
}

uint64_t swap_target_steps(void)
{
    return __atomic_load_n(&steps, __ATOMIC_SEQ_CST);
}

uint32_t swap_target_linger(const volatile uint64_t *go)
{
    while (!*go)
        cpu_pause();
    return VERSION;
}

void swap_target_nap(void)
{
#ifdef VARIANT_asleep
    static struct wait_queue bed; /* nobody knows it */
    wait_queue_init(&bed);
    for (;;) {
        spin_lock(&bed.lock);
        (void)wait_queue_sleep(&bed, 0);
    }
#endif
}

static void sleep_for(uint64_t ns)
{
    struct wait_queue bed;
    uint64_t end = clock_ns() + ns;
    wait_queue_init(&bed);
    while (clock_ns() < end) {
        spin_lock(&bed.lock);
        (void)wait_queue_sleep(&bed, end);
    }
}

uint32_t swap_target_doze(uint64_t ns)
{
    sleep_for(ns);
    return VERSION;
}

uint32_t swap_target_write_late(const volatile uint64_t *go, uint64_t value)
{
    uint64_t *place = &object;
    __asm__ volatile("" : "+r"(place)); /* it has to remember the address */
    while (!*go)
        sleep_for(NS_PER_MS);
    *(volatile uint64_t *)place = value;
    return VERSION;
}
