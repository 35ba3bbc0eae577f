/* Tests of types whose objects lie on the heap and change their form: who has to say where they are.
 * SPDX-License-Identifier: MIT
 */
#include "moving_fixture.h"

static void both_forms_need_a_walk(void **state)
{
    (void)state;
    world_init(&w, CELLS(HEAP, CELL(NODE_1 USE)));
    expect_refused(&w, CELLS(CELL(NODE_2 USE)), "type", "cell", "struct node", "cell");
    assert_non_null(strstr(w.report.refusals[0].text, "EVOLVE_WALKS(node)"));
    expect_refused(&w, CELLS(CELL(NODE_2 USE WALK("node"))), "walk", "cell",
                   "struct node", NULL);
    assert_non_null(strstr(w.report.refusals[0].text, "EVOLVE_WAS"));
    world_fini(&w);
    world_init(&w, CELLS(HEAP, CELL(NODE_1 USE WALK("node"))));
    expect_refused(&w, CELLS(CELL(NODE_2 USE)), "walk", "cell", "struct node", NULL);
    assert_non_null(strstr(w.report.refusals[0].text, "no way back"));
    world_fini(&w);
    struct plan *plan = must_plan(NODE_1 USE WALK("node"), NODE_2 USE WALK("node"));
    const struct version *old = plan->cells[0].old;
    assert_true(plan->moving[0].walks[FORM_OLD][0].version == old);
    assert_true(plan->moving[0].walks[FORM_NEW][0].version == plan->cells[0].fresh);
    assert_non_null(strstr(plan->moving[0].text, "new fresh"));
    end(plan);
}

static void a_form_of_the_past_must_be_the_one_that_runs(void **state)
{
    (void)state;
    struct plan *plan = must_plan(NODE_1 USE, NODE_2 USE PAST("n") WAS("node_1")
                                                  WALK("node") WALK("node_1"));
    assert_true(plan->moving[0].walks[FORM_OLD][0].version == plan->cells[0].fresh);
    end(plan);
    plan = must_plan(NODE_2 USE PAST("n") WAS("node_1") WALK("node") WALK("node_1"),
                     NODE_1 USE);
    assert_true(plan->moving[0].walks[FORM_NEW][0].version == plan->cells[0].old);
    end(plan);
    world_init(&w, CELLS(HEAP, CELL(NODE_1 USE)));
    expect_refused(
        &w, CELLS(CELL(NODE_2 USE PAST("m") WAS("node_1") WALK("node") WALK("node_1"))),
        "walk", "cell", "struct node", "struct node_1");
    assert_non_null(strstr(w.report.refusals[0].text, "differs in n"));
    world_fini(&w);
}

#define SHARED(fields)                                                                   \
    "# 1 \"shared.h\"\nstruct node { " fields " struct node *before; };\n# 2 \"it.c\"\n"
#define FIRST(fields)                                                                    \
    {                                                                                    \
        "first", "",                                                                     \
            SHARED(                                                                      \
                fields) "struct node *first; long first_n(void) { return first->n; }\n"  \
    }
#define SECOND(fields)                                                                   \
    {                                                                                    \
        "second", "",                                                                    \
            SHARED(fields) "struct node *second; long second_n(void) { return "          \
                           "second->n; }\n" WALK("node") FILL("node")                    \
    }
#define FILL(tag)                                                                        \
    "static void evolve_fill_" tag "(void *w) __attribute__((used));\n"                  \
    "static void evolve_fill_" tag "(void *w) { ((struct " tag " *)w)->n = 1; }\n"

/* Whichever comes first in the set. */
static void cells_that_share_a_type_share_walks_and_fills(void **state)
{
    (void)state;
    world_init(&w, CELLS(FIRST("int n;"), SECOND("int n;")));
    struct plan *plan = world_plan(&w, CELLS(FIRST("int n, m;"), SECOND("int n, m;")));
    if (!plan)
        fail_msg("refused: %s", w.report.refusals[0].text);
    const struct moving_type *m = &plan->moving[0];
    const struct version *second = plan->cells[1].fresh;
    assert_true(plan->moving_count == 1 && strcmp(second->info.name, "second") == 0);
    assert_true(m->walk_count[FORM_NEW] == 1 && m->walks[FORM_NEW][0].version == second);
    assert_true(m->fill[FORM_NEW].version == second && m->fill[FORM_NEW].va);
    assert_true(m->fill[FORM_OLD].version == plan->cells[1].old);
    end(plan);
}

static void a_walk_of_the_past_does_not_read_data_that_change_too(void **state)
{
    (void)state;
    world_init(&w, CELLS(HEAP, CELL(NODE_1 USE "int s; ")));
    expect_refused(&w,
                   CELLS(CELL(NODE_2 USE "long s; " PAST("n") WAS("node_1") WALK("node")
                                  WALK("node_1"))),
                   "walk", "cell", "struct node", NULL);
    assert_non_null(strstr(w.report.refusals[0].text, "other data"));
    world_fini(&w);
}

#define EDGE(from, to)                                                                   \
    "static void evolve_edge_" from "__" to "(struct " from " *a, struct " to " *b) "    \
    "__attribute__((used));\n"                                                           \
    "static void evolve_edge_" from "__" to "(struct " from " *a, struct " to " *b) "    \
    "{ b->n = a->n * 2; }\n"
#define NODE_0 LINK "struct node { unsigned n; struct node *before; };\n"
#define PAST_0 "struct node_0 { unsigned n; struct node_0 *before; };\n" WAS("node_0")
#define PAST_1 PAST("n") WAS("node_1")

/* The shortest way; both ways are mapped, whichever of the two versions knows them. */
static void the_way_goes_over_the_edges_of_the_newer_version(void **state)
{
    const char *newer = NODE_2 USE PAST_0 PAST_1 WALK("node") EDGE("node_0", "node_1")
        EDGE("node_1", "node") EDGE("node", "node_1") EDGE("node_1", "node_0");
    (void)state;
    struct plan *plan = must_plan(NODE_0 USE WALK("node"), newer);
    const struct moving_type *m = &plan->moving[0];
    assert_int_equal(m->way[FORM_OLD].count, 2);
    assert_int_equal(m->way[FORM_NEW].count, 2);
    assert_true(m->form[FORM_OLD].stepwise && m->form[FORM_NEW].stepwise);
    assert_true(m->way[FORM_OLD].steps[0].from_len == 16 &&
                m->way[FORM_OLD].steps[1].to_len == 40);
    assert_true(m->way[FORM_OLD].steps[0].edge && m->way[FORM_OLD].steps[1].edge);
    end(plan);
    plan = must_plan(newer, NODE_1 USE WALK("node"));
    m = &plan->moving[0];
    assert_int_equal(m->way[FORM_OLD].count, 1);
    assert_true(m->way[FORM_OLD].steps[0].from_len == 40 &&
                m->way[FORM_OLD].steps[0].to_len == 32);
    end(plan);
    world_init(&w, CELLS(HEAP, CELL(NODE_0 USE WALK("node"))));
    expect_refused(&w, CELLS(CELL(NODE_2 USE PAST_0 WALK("node") EDGE("node_0", "node"))),
                   "consent", "cell", "node", NULL);
    assert_non_null(strstr(w.report.refusals[0].text, "EVOLVE_EDGE(node, node_0)"));
    expect_refused(&w, CELLS(CELL(NODE_2 USE PAST_0 WALK("node") EDGE("node", "node_0"))),
                   "walk", "cell", "node", NULL);
    world_fini(&w);
}

#define DROPS "static const char evolve_drops_node __attribute__((used)) = 1;\n"
#define FORM_WITH_FRESH                                                                  \
    "struct node_2 { unsigned n; struct link link; long fresh; struct node_2 *before; "  \
    "};\n"

static void expect_way_back(const char *from, const char *to, bool revertible)
{
    struct plan *plan = must_plan(from, to);
    assert_int_equal(plan->revertible, revertible);
    end(plan);
}

/* Elements that come during the trial have no `fresh`. Accepted in silence without check_way_back(). */
static void who_makes_something_up_on_the_way_back_needs_consent(void **state)
{
    static const char *const names[] = {"cell:node"};
    const char *from = NODE_2 USE WALK("node");
    const char *to = NODE_1 USE WALK("node");
    struct plan *plan;
    (void)state;
    world_init(&w, CELLS(HEAP, CELL(from)));
    expect_refused(&w, CELLS(CELL(to)), "consent", "cell", "node", NULL);
    assert_non_null(strstr(w.report.refusals[0].text, "without its fresh"));
    assert_non_null(strstr(w.report.refusals[0].text, "--consent cell:node"));
    struct plan_object object = cell_make(&(struct cell_source)CELL(to));
    assert_int_equal(plan_load(&w.ns, &object, 1, NULL, 0, &plan, &w.report), STATUS_OK);
    plan->consent = names;
    plan->consent_count = 1;
    assert_int_equal(plan_verify(plan, &w.report), STATUS_OK);
    assert_false(plan->revertible);
    end(plan);
    expect_way_back(from, NODE_1 USE WALK("node") DROPS, false);
    expect_way_back(NODE_2 USE WALK("node") DROPS, to, false);
    expect_way_back(NODE_2 USE WALK("node") FILL("node"), to, true);
    expect_way_back(NODE_2 USE PAST("n") WAS("node_1") WALK("node") WALK("node_1"),
                    NODE_1 USE, true);
    /* The new version completes elements of the form that it replaces. */
    expect_way_back(
        from, NODE_1 USE WALK("node") FORM_WITH_FRESH WAS("node_2") FILL("node_2"), true);
    expect_way_back(to, from, true);
}

/* Without a way back over edges fields go back by name. */
static void an_edge_without_its_way_back_needs_consent(void **state)
{
    (void)state;
    struct plan *plan =
        must_plan(NODE_0 USE WALK("node"),
                  NODE_2 USE PAST_0 WALK("node") EDGE("node_0", "node") DROPS);
    assert_false(plan->revertible);
    assert_int_equal(plan->moving[0].way[FORM_OLD].count, 1);
    assert_int_equal(plan->moving[0].way[FORM_NEW].count, 0);
    assert_true(plan->moving[0].form[FORM_OLD].stepwise &&
                !plan->moving[0].form[FORM_NEW].stepwise);
    end(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_forms_need_a_walk),
        cmocka_unit_test(a_form_of_the_past_must_be_the_one_that_runs),
        cmocka_unit_test(cells_that_share_a_type_share_walks_and_fills),
        cmocka_unit_test(a_walk_of_the_past_does_not_read_data_that_change_too),
        cmocka_unit_test(the_way_goes_over_the_edges_of_the_newer_version),
        cmocka_unit_test(who_makes_something_up_on_the_way_back_needs_consent),
        cmocka_unit_test(an_edge_without_its_way_back_needs_consent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
