/* Tests of data of equal form and another meaning: nothing goes over that nobody has spoken for (hazard 14).
 * SPDX-License-Identifier: MIT
 */
#include "moving_fixture.h"
#include "states_fixture.h"

#include <core/plan/turn.h>

#define KEEP                                                                             \
    "void cell_keep(void); void cell_keep(void) { __asm__ volatile(\"\" :: \"r\"(&s) : " \
    "\"memory\"); }\n"
#define SECONDS "static unsigned s;\n" KEEP
#define MILLIS(marks) "static unsigned long s;\n" marks KEEP

static struct plan *expect_plan(const char *from, const char *to)
{
    world_init(&w, CELLS(HEAP, CELL(from)));
    struct plan *plan = world_plan(&w, CELLS(CELL(to)));
    if (!plan)
        fail_msg("refused: %s", w.report.refusals[0].text);
    return plan;
}

static void expect_no(const char *from, const char *to, const char *code,
                      const char *symbol, const char *word)
{
    world_init(&w, CELLS(HEAP, CELL(from)));
    expect_refused(&w, CELLS(CELL(to)), code, "cell", symbol, NULL);
    if (!strstr(w.report.refusals[0].text, word))
        fail_msg("nothing of %s: %s", word, w.report.refusals[0].text);
    world_fini(&w);
}

/* Without plan_restated() in migrate_object() seconds are read as milliseconds, in silence. */
static void another_meaning_is_no_form_that_stays(void **state)
{
    (void)state;
    expect_no(SECONDS, SECONDS STATE("s", "1"), "state", "s", "EVOLVE_STATE_EDGE");
    expect_no(SECONDS STATE("s", "7"), SECONDS STATE("s", "3"), "state", "s", "state 7");
    expect_no(SECONDS STATE("s", "1"), SECONDS, "state", "s", "EVOLVE_REINIT(s)");
    end(expect_plan(SECONDS STATE("s", "7"),
                    "static int other;\n" SECONDS STATE("s", "7")));
    /* One that starts afresh has no value that could be misread. */
    struct plan *plan = expect_plan(SECONDS, SECONDS STATE("s", "1") MARK("reinit_s"));
    assert_true(!turn_of(&plan->migrations.list[0]) && !plan->migrations.walked);
    end(plan);
    plan = expect_plan(SECONDS, SECONDS STATE("s", "1") MARK("drops_s"));
    assert_true(strstr(plan->migrations.list[0].text, "initialised again") != NULL);
    end(plan);
}

#define THERE S_EDGE("s", "0", "unsigned", "1", "s")
#define BACK S_EDGE("s", "1", "s", "0", "unsigned")

static void edges_lead_there_and_back(void **state)
{
    const char *millis = MILLIS(STATE("s", "1") THERE BACK);
    (void)state;
    struct plan *plan = expect_plan(SECONDS, millis);
    const struct turn *m = turn_of(&plan->migrations.list[0]);
    assert_true(m && m->way[FORM_OLD].count == 1 && m->way[FORM_NEW].count == 1);
    assert_true(plan->migrations.walked && plan->revertible && plan->cells[0].coupled &&
                plan->cells[0].reformed);
    assert_true(m->way[FORM_OLD].steps[0].edge && m->way[FORM_OLD].steps[0].from_len == 4 &&
                m->way[FORM_OLD].steps[0].to_len == 8);
    end(plan);
    plan = expect_plan(millis, SECONDS); /* the version that is left has them */
    m = turn_of(&plan->migrations.list[0]);
    assert_true(m && m->way[FORM_OLD].steps[0].from_len == 8);
    end(plan);
    expect_no(SECONDS, MILLIS(STATE("s", "1") BACK), "state", "s", "no EVOLVE_STATE_EDGE");
}

static void an_edge_without_its_way_back_needs_consent(void **state)
{
    (void)state;
    expect_no(SECONDS, MILLIS(STATE("s", "1") THERE), "consent", "s", "back from state 1");
    struct plan *plan =
        expect_plan(SECONDS, MILLIS(STATE("s", "1") THERE MARK("drops_s")));
    assert_false(plan->revertible);
    assert_int_equal(turn_of(&plan->migrations.list[0])->way[FORM_NEW].count, 0);
    end(plan);
}

/* The shortest way, over a form between that is a struct. */
static void skipped_states_are_gone_through(void **state)
{
    const char *newest = "struct s_1 { unsigned whole, rest; };\n" MILLIS(
        STATE("s", "2") S_EDGE("s", "0", "unsigned", "1", "struct s_1")
            S_EDGE("s", "1", "struct s_1", "2", "s")
                S_EDGE("s", "2", "s", "1", "struct s_1")
                    S_EDGE("s", "1", "struct s_1", "0", "unsigned"));
    (void)state;
    struct plan *plan = expect_plan(SECONDS, newest);
    const struct turn *m = turn_of(&plan->migrations.list[0]);
    assert_true(m->way[FORM_OLD].count == 2 && m->way[FORM_NEW].count == 2);
    assert_true(m->way[FORM_OLD].steps[0].to_len == 8 &&
                m->way[FORM_NEW].steps[1].to_len == 4);
    end(plan);
    end(expect_plan(newest,
                    "static struct { unsigned whole, rest; } s;\n" KEEP STATE("s", "1")));
    /* An edge past the form between. */
    plan = expect_plan(
        SECONDS, MILLIS(STATE("s", "2") S_EDGE("s", "0", "unsigned", "1", "unsigned")
                            S_EDGE("s", "1", "unsigned", "2", "s")
                                S_EDGE("s", "0", "unsigned", "2", "s")
                                    S_EDGE("s", "2", "s", "0", "unsigned")));
    assert_int_equal(turn_of(&plan->migrations.list[0])->way[FORM_OLD].count, 1);
    end(plan);
}

static void edges_begin_and_end_with_what_the_versions_have(void **state)
{
    (void)state;
    expect_no("static int s;\n" KEEP, MILLIS(STATE("s", "1") THERE BACK), "state", "s",
              "first type");
    expect_no(SECONDS,
              "static int s[3];\n" KEEP STATE("s", "1")
                  S_EDGE("s", "0", "unsigned", "1", "long")
                      S_EDGE("s", "1", "s", "0", "unsigned"),
              "state", "s", "second type");
    expect_no(SECONDS,
              MILLIS(STATE("s", "2") S_EDGE("s", "0", "unsigned", "1", "unsigned") S_EDGE(
                  "s", "1", "short", "2", "s") S_EDGE("s", "2", "s", "0", "unsigned")),
              "state", "s", "another type");
}

#define PART                                                                             \
    "struct part { unsigned s; };\nstruct whole { int n; struct part parts[2]; };\n"

/* Without meanings_part() the whole goes over by name. */
static void what_holds_another_meaning_has_another(void **state)
{
    const char *was = PART "static struct whole s[3];\n" KEEP;
    (void)state;
    expect_no(was, PART "static struct whole s[3];\n" KEEP STATE("part", "1"), "state",
              "s", "struct part");
    expect_no(was, PART "static struct whole s[4];\n" KEEP STATE("part", "1"), "state",
              "s", "struct part");
    end(expect_plan(was, PART "static struct whole s[3];\n" KEEP STATE("part", "1")
                             STATE("s", "1") S_EDGE("s", "0", "s", "1", "s")
                                 S_EDGE("s", "1", "s", "0", "s")));
    end(expect_plan(was, PART "static struct whole s[3];\n" KEEP STATE("part", "1")
                             MARK("reinit_s")));
}

#define EDGE(from, to)                                                                   \
    "static void evolve_edge_" from "__" to "(struct " from " *a, struct " to " *b) "    \
    "__attribute__((used));\n"                                                           \
    "static void evolve_edge_" from "__" to "(struct " from " *a, struct " to " *b) "    \
    "{ b->n = a->n * 2; }\n"
#define BOTH(a, b) EDGE(a, b) EDGE(b, a)
#define PAST_AS(tag)                                                                     \
    "struct " tag " { unsigned n; struct link link; struct " tag " *before; };\n" WAS(tag)

/* The forms are equal, the states are not: which of two pasts is meant only the state says. */
static void elements_of_another_meaning_go_over_edges(void **state)
{
    const char *was = NODE_1 USE WALK("node");
    const char *first = NODE_1 USE WALK("node") STATE("node", "1");
    (void)state;
    expect_no(was, first, "state", "node", "EVOLVE_STATE 0");
    expect_no(NODE_1 USE, NODE_1 USE STATE("node", "1"), "type", "struct node", "meaning");
    struct plan *plan =
        must_plan(was, NODE_1 USE WALK("node") STATE("node", "2") PAST_AS("node_0")
                           PAST_AS("node_1") STATE("node_1", "1") BOTH("node_0", "node_1")
                               BOTH("node_1", "node"));
    assert_int_equal(plan->moving[0].way[FORM_OLD].count, 2);
    assert_int_equal(plan->moving[0].way[FORM_NEW].count, 2);
    end(plan);
    plan = must_plan(first, NODE_1 USE WALK("node") STATE("node", "2") PAST_AS("node_0")
                                PAST_AS("node_1") STATE("node_1", "1")
                                    BOTH("node_0", "node_1") BOTH("node_1", "node"));
    assert_int_equal(plan->moving[0].way[FORM_OLD].count, 1);
    end(plan);
    /* What holds such a struct, and lies on the heap. */
    expect_no(
        PART NODE_1
        "struct part t; struct in { struct part p; }; struct in *in;\n" USE WALK("node"),
        PART NODE_1
        "struct part t; struct in { struct part p; }; struct in *in;\n" USE WALK("node")
            STATE("part", "1") STATE("t", "1") S_EDGE("t", "0", "t", "1", "t")
                S_EDGE("t", "1", "t", "0", "t"),
        "state", "struct in", "EVOLVE_STATE(in");
}

#define PART_EDGES                                                                       \
    "struct part_0 { unsigned n, s; };\n" MARK("was_part__part_0") STATE("part", "1")    \
        EDGE("part_0", "part") EDGE("part", "part_0")
#define IN "struct part { unsigned n, s; };\nstruct node { int m; struct part p[2]; };\n"
#define USE_IN                                                                           \
    "static struct node *newest; void *heap_alloc(unsigned long);\n"                     \
    "void *cell_use(void); void *cell_use(void) { return newest = heap_alloc(sizeof "    \
    "*newest); }\n"
#define WALK_IN                                                                          \
    "static void evolve_walk_node(void *w) __attribute__((used));\n"                     \
    "static void evolve_walk_node(void *w) { struct node *n = w; n->m = 0; }\n"

/* Seen to fail without find_parts(): the elements go over by name, and nobody says a word. */
static void elements_turn_with_what_they_hold(void **state)
{
    (void)state;
    struct plan *plan = must_plan(IN USE_IN WALK_IN, IN USE_IN WALK_IN PART_EDGES);
    const struct moving_type *t = &plan->moving[0];
    assert_true(t->by_parts && strcmp(t->name, "node") == 0);
    for (int form = 0; form < FORMS; form++) {
        const struct plan_way *way = &t->way[form];
        assert_true(t->form[form].stepwise && way->count == 3 && !way->steps[0].edge);
        assert_true(way->steps[1].body == 1 && way->steps[1].count == 2 &&
                    way->steps[1].from_at == 4 && way->steps[1].from_stride == 8);
        assert_true(way->steps[2].edge && way->from_len == 20 && way->to_len == 20);
    }
    end(plan);
    expect_no(IN USE_IN, IN USE_IN PART_EDGES, "type", "struct node",
              "holds what turns over edges");
    expect_no(IN USE_IN WALK_IN, IN USE_IN PART_EDGES, "walk", "struct node",
              "no way back");
    expect_no(IN USE_IN WALK_IN, IN USE_IN WALK_IN STATE("part", "1"), "state",
              "struct node", "EVOLVE_WAS(part");
    end(expect_plan(IN USE_IN, IN USE_IN PART_EDGES MARK("no_heap_node")));
    /* Nobody makes them on the heap: parts alone need no walk, though forms of the past are declared. */
    end(expect_plan(
        "struct part { unsigned n, s; };\nstatic struct part s;\n" KEEP,
        "struct part { unsigned n, s; };\nstatic struct part s;\n" KEEP PART_EDGES));
}

#define SHARED "# 1 \"shared.h\"\nstruct shared { unsigned n; };\n"
#define SHARER(name, more)                                                               \
    {                                                                                    \
        name, "",                                                                        \
            SHARED more "# 2 \"it.c\"\nstruct shared " name "_s; unsigned " name         \
                        "_n(void) { return " name "_s.n; }\n"                            \
    }

static void who_shares_a_type_shares_its_meaning(void **state)
{
    (void)state;
    world_init(&w, CELLS(SHARER("first", ""), SHARER("second", "")));
    expect_refused(&w, CELLS(SHARER("first", STATE("shared", "1"))), "state", "first",
                   "struct shared", "second");
    world_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_meaning_is_no_form_that_stays),
        cmocka_unit_test(edges_lead_there_and_back),
        cmocka_unit_test(an_edge_without_its_way_back_needs_consent),
        cmocka_unit_test(skipped_states_are_gone_through),
        cmocka_unit_test(edges_begin_and_end_with_what_the_versions_have),
        cmocka_unit_test(what_holds_another_meaning_has_another),
        cmocka_unit_test(elements_of_another_meaning_go_over_edges),
        cmocka_unit_test(elements_turn_with_what_they_hold),
        cmocka_unit_test(who_shares_a_type_shares_its_meaning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
