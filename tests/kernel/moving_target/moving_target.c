/* A list on the heap, held by three tasks, whose elements change their form from version to version. */
/* SPDX-License-Identifier: MIT */
#include "moving_target.h"

#include <lib/base/evolve.h>
#include <lib/base/list.h>
#include <mm/heap/heap.h>
#include <task/task/task.h>
#include <time/clock/clock.h>

#if defined VARIANT_third
#define VERSION 3u
#elif defined VARIANT_tenth || defined VARIANT_single
#define VERSION 4u
#elif defined VARIANT_doubles || defined VARIANT_quiet
#define VERSION 6u
#elif defined VARIANT_hundredth
#define VERSION 5u
#elif defined VARIANT_second || defined VARIANT_silent || defined VARIANT_forgets ||     \
    defined VARIANT_faults || defined VARIANT_loops || defined VARIANT_crash ||          \
    defined VARIANT_past || defined VARIANT_lies
#define VERSION 2u
#else
#define VERSION 1u
#endif

struct node {
#if VERSION == 1u || VERSION == 6u
    uint32_t number;
    struct list link;
    uint16_t mark;
    struct node *before;
#elif VERSION == 2u
    uint32_t number;
    struct list link;
    uint64_t weight;
    uint32_t mark;
    struct node *before;
#elif VERSION == 4u
    uint32_t number;
    struct list link;
    uint32_t tenths;
    struct node *before;
#elif VERSION == 5u
    uint32_t number;
    uint64_t hundredths;
    struct list link;
    struct node *before;
#else
    struct node *before;
    uint64_t mark;
    uint64_t weight;
    uint64_t number;
    uint8_t name[40];
    struct list link;
#endif
};

#if VERSION == 4u
#define MARK tenths
#define PER_MARK 10u
#elif VERSION == 5u
#define MARK hundredths
#define PER_MARK 100u
#elif VERSION == 6u
#define MARK mark
#define PER_MARK 2u
#else
#define MARK mark
#define PER_MARK 1u
#endif
#define HAS_WEIGHT (VERSION == 2u || VERSION == 3u)

struct holder { /* the argument of a task */
    struct node *at;
    uint64_t steps;
};

static struct list nodes;
static struct node *newest;
static struct holder *holders[MOVING_HOLDERS];
static uint64_t crash;
static volatile uint64_t walks;
static volatile uint32_t *volatile nowhere = (volatile uint32_t *)8;

uint32_t moving_target_version(void)
{
    return VERSION;
}

/* ---- what the engine asks ----------------------------------------------------------------- */

#if !defined VARIANT_bare && !defined VARIANT_silent
EVOLVE_WALKS(node)
{
    struct node *node;
    walks++;
    if (!nodes.next)
        return;
#if defined VARIANT_faults || defined VARIANT_broken
    *nowhere = 1;
#endif
#if defined VARIANT_loops || defined VARIANT_stuck
    while (nowhere)
        continue;
#endif
    evolve_list(walk, &nodes);
    list_for_each(node, &nodes, link)
    {
#ifdef VARIANT_forgets
        if (&node->link != nodes.next)
#endif
            evolve_element(walk, node);
    }
#ifndef VARIANT_blind
    evolve_pointer(walk, &newest);
#endif
    for (uint32_t i = 0; i < MOVING_HOLDERS; i++)
        if (holders[i])
            evolve_pointer(walk, &holders[i]->at);
}
#endif

#if HAS_WEIGHT
EVOLVE_FILLS(node)
{
    struct node *node = fill->object;
    if (EVOLVE_IS_NEW(fill, struct node, weight))
        node->weight = 2 * (uint64_t)node->number;
}
#endif

EVOLVE_ACCEPTS(node)
{
    const struct node *node = fill->object;
    return node->MARK == MOVING_UNWANTED * PER_MARK ? "its mark is unwanted" : NULL;
}

#if defined VARIANT_past || defined VARIANT_lies || VERSION > 3u
struct node_1 {
    uint32_t number;
    struct list link;
#ifdef VARIANT_lies
    uint32_t mark;
#else
    uint16_t mark;
#endif
    struct node_1 *before;
};

EVOLVE_WAS(node, node_1);
#endif

#if VERSION == 6u
EVOLVE_STATE(node, 1);
#endif
#ifdef VARIANT_doubles
EVOLVE_EDGE(node_1, node)
{
    is->mark = (uint16_t)(was->mark * 2);
}
EVOLVE_EDGE(node, node_1)
{
    is->mark = was->mark / 2;
}
#endif

#if VERSION == 4u
EVOLVE_EDGE(node_1, node)
{
    is->tenths = was->mark * 10u;
}
#ifndef VARIANT_single
EVOLVE_EDGE(node, node_1)
{
    is->mark = (uint16_t)(was->tenths / 10);
}
#endif
#elif VERSION == 5u
struct node_4 {
    uint32_t number;
    struct list link;
    uint32_t tenths;
    struct node_4 *before;
};

EVOLVE_WAS(node, node_4);
EVOLVE_EDGE(node_1, node_4)
{
    is->tenths = was->mark * 10u;
}
EVOLVE_EDGE(node_4, node_1)
{
    is->mark = (uint16_t)(was->tenths / 10);
}
EVOLVE_EDGE(node_4, node)
{
    is->hundredths = was->tenths * 10ull;
}
EVOLVE_EDGE(node, node_4)
{
    is->tenths = (uint32_t)(was->hundredths / 10);
}
#endif

#if defined VARIANT_past || defined VARIANT_lies
EVOLVE_WALKS(node_1)
{
    struct node_1 *node;
    evolve_list(walk, &nodes);
    list_for_each(node, &nodes, link) evolve_element(walk, node);
    evolve_pointer(walk, &newest);
    for (uint32_t i = 0; i < MOVING_HOLDERS; i++)
        if (holders[i])
            evolve_pointer(walk, &holders[i]->at);
}
#endif

/* ---- the list ----------------------------------------------------------------------------- */

void *moving_target_make(uint64_t number)
{
    struct node *node = heap_calloc(1, sizeof *node);
    if (!node)
        return NULL;
    node->number = (__typeof__(node->number))number;
#if HAS_WEIGHT
    node->weight = 2 * number;
#endif
    return node;
}

void moving_target_join(void *element)
{
    struct node *node = element;
    uint64_t flags = interrupts_off();
    if (!nodes.next)
        list_init(&nodes);
    node->before = newest;
    list_push_back(&nodes, &node->link);
    newest = node;
    interrupts_restore(flags);
}

enum status moving_target_add(uint64_t number)
{
    void *node = moving_target_make(number);
    if (!node)
        return STATUS_FULL;
    moving_target_join(node);
    return STATUS_OK;
}

uint64_t moving_target_walks(void)
{
    return walks;
}

static struct node *after(struct node *node)
{
    struct list *next = node->link.next == &nodes ? nodes.next : node->link.next;
    return next == &nodes ? NULL : container_of(next, struct node, link);
}

static void leave(struct node *node)
{
    for (uint32_t i = 0; i < MOVING_HOLDERS; i++)
        if (holders[i] && holders[i]->at == node)
            holders[i]->at = after(node) == node ? NULL : after(node);
    for (struct node *other = newest; other; other = other->before)
        if (other->before == node)
            other->before = node->before;
    if (newest == node)
        newest = node->before;
    node->link.next->prev = node->link.prev;
    node->link.prev->next = node->link.next;
}

void *moving_target_leave(uint64_t number)
{
    struct node *node;
    struct node *found = NULL;
    uint64_t flags = interrupts_off();
    list_for_each(node, &nodes, link) if (node->number == number) found = node;
    if (found)
        leave(found);
    interrupts_restore(flags);
    return found;
}

void moving_target_remove(uint64_t number)
{
    struct node *node, *following;
    list_for_each_safe(node, following, &nodes, link) if (node->number == number)
    {
        leave(node);
        heap_free(node);
    }
}

void moving_target_mark(uint64_t value)
{
    struct node *node;
    list_for_each(node, &nodes, link) node->MARK =
        (__typeof__(node->MARK))(value * PER_MARK);
}

bool moving_target_read(struct moving_view *out)
{
    struct node *node, *before = NULL;
    bool good = true;
    *out = (struct moving_view){0};
    list_for_each(node, &nodes, link)
    {
        good = good && node->before == before && node->link.next->prev == &node->link;
        before = node;
        out->count++;
        out->numbers += node->number;
        out->marks += node->MARK / PER_MARK;
#if HAS_WEIGHT
        out->weights += node->weight;
#endif
    }
    return good && newest == before;
}

void *moving_target_first(void)
{
    return list_first(&nodes, struct node, link);
}

/* ---- the tasks ---------------------------------------------------------------------------- */

static struct wait holder_step(void *arg)
{
    struct holder *holder = arg;
#ifdef VARIANT_crash
    uint64_t number = __atomic_exchange_n(&crash, 0, __ATOMIC_RELAXED); /* one task only */
    if (number) {
        (void)moving_target_add(number);
        *nowhere = 1;
    }
#endif
    if (holder->at == NULL && nodes.next != &nodes)
        holder->at = list_first(&nodes, struct node, link);
    if (holder->at != NULL) {
        holder->at = after(holder->at);
        holder->steps += holder->at->number != 0;
    }
    return nowhere ? wait_until(clock_ns() + NS_PER_MS) : wait_done();
}

enum status moving_target_tasks(void)
{
    for (uint32_t i = 0; i < MOVING_HOLDERS; i++) {
        holders[i] = heap_calloc(1, sizeof *holders[i]);
        if (!holders[i] || !task_create("holder", holder_step, holders[i], NULL))
            return STATUS_FULL;
    }
    return STATUS_OK;
}

uint64_t moving_target_steps(void)
{
    uint64_t steps = 0;
    for (uint32_t i = 0; i < MOVING_HOLDERS; i++)
        steps += holders[i] ? holders[i]->steps : 0;
    return steps;
}

void moving_target_crash(uint64_t number)
{
    crash = number;
}
