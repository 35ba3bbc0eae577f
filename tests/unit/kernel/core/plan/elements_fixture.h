/* Five elements of the heap in the old form, in a cell of which both forms are known.
 * SPDX-License-Identifier: MIT
 */
#ifndef NEURATH_TESTS_UNIT_PLAN_ELEMENTS_FIXTURE_H
#define NEURATH_TESTS_UNIT_PLAN_ELEMENTS_FIXTURE_H

#include "moving_fixture.h"

#include <core/plan/elements.h>
#include <mm/heap/heap.h>

struct link {
    struct link *next, *prev;
};
struct node_1 {
    unsigned n;
    struct link link;
    struct node_1 *before;
};
struct node_2 {
    unsigned n;
    struct link link;
    long fresh;
    struct node_2 *before;
};

enum { NODES = 5 };

/* A list of five in the old form, its head and a pointer in the cell's data. */
static struct {
    struct node_1 *node[NODES];
    struct heap_run runs[2 * NODES + 4];
    uint64_t run_count;
    struct evolve_name names[32];
    struct element_names list;
    struct elements_request request;
    struct element_set *set;
    struct refusal why;
} t;

static uint64_t home_va(const char *key)
{
    return namespace_find_home(&w.ns, "cell", key, false)->va;
}

static void name(uint64_t at, uint64_t count)
{
    t.names[t.list.count++] = (struct evolve_name){at, count};
}

static void know(void *object, uint64_t len)
{
    uint64_t i = t.run_count++;
    for (; i && t.runs[i - 1].at > (uint64_t)object; i--)
        t.runs[i] = t.runs[i - 1];
    t.runs[i] = (struct heap_run){.at = (uint64_t)object, .len = len, .count = 1};
}

static struct plan *begin_with(const char *from, const char *to)
{
    struct plan *plan = must_plan(from, to);
    uint64_t head = home_va("nodes");
    struct link *nodes = (struct link *)cellmem_data(head);
    memset(&t, 0, sizeof t);
    for (int i = 0; i < NODES; i++) {
        t.node[i] = heap_calloc(1, sizeof *t.node[i]);
        know(t.node[i], sizeof *t.node[i]);
        name((uint64_t)t.node[i], 1);
        t.node[i]->n = 10u + (unsigned)i;
        t.node[i]->before = i ? t.node[i - 1] : NULL;
    }
    for (int i = 0; i < NODES; i++) {
        t.node[i]->link.next = i + 1 < NODES ? &t.node[i + 1]->link : (struct link *)head;
        t.node[i]->link.prev = i ? &t.node[i - 1]->link : (struct link *)head;
    }
    *nodes = (struct link){&t.node[0]->link, &t.node[NODES - 1]->link};
    *(struct node_1 **)cellmem_data(home_va("newest")) = t.node[NODES - 1];
    name(head, 0);
    name(head + 8, 0);
    name(home_va("newest"), 0);
    t.list.type = &plan->moving[0];
    t.list.names = t.names;
    t.request = (struct elements_request){.plan = plan,
                                          .lists = &t.list,
                                          .list_count = 1,
                                          .runs = t.runs,
                                          .run_count = NODES};
    return plan;
}

static struct plan *begin(void)
{
    return begin_with(NODE_1 USE WALK("node"), NODE_2 USE WALK("node"));
}

static void finish(struct plan *plan)
{
    for (int i = 0; i < NODES; i++)
        heap_free(t.node[i]);
    plan->migrations.elements = NULL;
    elements_fini(t.set);
    end(plan);
}

static void take(void)
{
    enum status status = elements_take(&t.request, &t.set, &t.why);
    if (status != STATUS_OK)
        fail_msg("refused: %s", t.why.text);
}

static void must_refuse(const char *words)
{
    assert_int_equal(elements_take(&t.request, &t.set, &t.why), STATUS_DENIED);
    if (!strstr(t.why.text, words))
        fail_msg("does not say '%s': %s", words, t.why.text);
}

static void draft(void)
{
    assert_int_equal(elements_list(&t.request, &t.set, &t.why), STATUS_OK);
    assert_int_equal(elements_match(&t.request, t.set), STATUS_OK);
    assert_int_equal(elements_transfer(&t.request, t.set, 0, 2, &t.why), STATUS_OK);
    assert_int_equal(elements_transfer(&t.request, t.set, 2, NODES, &t.why), STATUS_OK);
}

static void renew(void)
{
    assert_int_equal(elements_match(&t.request, t.set), STATUS_OK);
    assert_int_equal(elements_renew(&t.request, t.set, &t.why), STATUS_OK);
}

static const struct node_2 *made_of(const struct node_1 *node)
{
    const struct element *e = elements_find(t.set, (uint64_t)node);
    return e ? (const struct node_2 *)e->to : NULL;
}

#endif
