/* A cell with elements on the heap, in two forms, for tests of how they move.
 * SPDX-License-Identifier: MIT
 */
#ifndef NEURATH_TESTS_UNIT_PLAN_MOVING_FIXTURE_H
#define NEURATH_TESTS_UNIT_PLAN_MOVING_FIXTURE_H

#include "fixture.h"

#include <core/commit/transfer.h>

#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#define HEAP                                                                             \
    {                                                                                    \
        "heap", "",                                                                      \
            "void *heap_alloc(unsigned long n); void *heap_alloc(unsigned long n) "      \
            "{ return (void *)n; }\n"                                                    \
    }
#define LINK "struct link { struct link *next, *prev; };\n"
#define NODE_1                                                                           \
    LINK "struct node { unsigned n; struct link link; struct node *before; };\n"
#define NODE_2                                                                           \
    LINK "struct node { unsigned n; struct link link; long fresh; struct node *before; " \
         "};\n"
#define USE                                                                              \
    "struct link nodes; static struct node *newest;\n"                                   \
    "void *heap_alloc(unsigned long);\n"                                                 \
    "void *cell_use(void); void *cell_use(void) {\n"                                     \
    "struct node *n = heap_alloc(sizeof *n); n->before = newest; newest = n; return "    \
    "&nodes; }\n"
#define WALK(tag)                                                                        \
    "static void evolve_walk_" tag "(void *w) __attribute__((used));\n"                  \
    "static void evolve_walk_" tag "(void *w) { struct " tag                             \
    " *n = w; n->before = 0; }\n"
#define WAS(past)                                                                        \
    "static const char evolve_was_node__" past " __attribute__((used)) = 1;\n"
#define PAST(field)                                                                      \
    "struct node_1 { unsigned " field "; struct link link; struct node_1 *before; };\n"
#define CELL(text)                                                                       \
    {                                                                                    \
        "cell", "heap", text                                                             \
    }

static struct world w;

static struct plan *must_plan(const char *from, const char *to)
{
    world_init(&w, CELLS(HEAP, CELL(from)));
    struct plan *plan = world_plan(&w, CELLS(CELL(to)));
    if (!plan)
        fail_msg("refused: %s", w.report.refusals[0].text);
    assert_int_equal(plan->moving_count, 1);
    assert_true(plan->migrations.walked && plan->cells[0].coupled);
    return plan;
}

static void end(struct plan *plan)
{
    plan_destroy(plan);
    world_fini(&w);
}

#endif
