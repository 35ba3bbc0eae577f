/* Tests of objects that change their cell and their form in one swap.
 * SPDX-License-Identifier: MIT
 */
#include "takeover_fixture.h"

#include "states_fixture.h"

#include <core/plan/turn.h>

#define PAIR(fields, start)                                                              \
    "static struct { " fields " } left = " start ";\n"                                   \
    "long left_next(void) { return ++left.a + left.b++; }\n"
#define PAIR_HERE                                                                        \
    {                                                                                    \
        "first", "", PAIR("int a, b;", "{1, 2}")                                         \
    }
#define PAIR_THERE                                                                       \
    {                                                                                    \
        "second", "",                                                                    \
            TEXT(EVOLVE_TAKES(first, left)) PAIR("int a, more, b;", "{1, 8, 2}")         \
    }
#define PAIR_LARGE                                                                       \
    {                                                                                    \
        "second", "",                                                                    \
            TEXT(EVOLVE_TAKES(first, left))                                              \
                PAIR("long a; int more[60]; long b;", "{1, {8}, 2}")                     \
    }

static void set_pair(const struct home *h, int a, int b)
{
    memcpy(live(h), (int[]){a, b}, 2 * sizeof a);
}

static void expect_pair(const struct home *h, int a, int b)
{
    assert_int_equal(h->len, 2 * sizeof a);
    assert_memory_equal(live(h), ((int[]){a, b}), 2 * sizeof a);
}

/* In its place: it has room. Refused before plan_check_taken(); left in the old form without plan_migrate_taken(). */
static void an_object_changes_its_cell_and_its_type(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(PAIR_HERE));
    struct home *left = home_of(&w, "first", "left");
    set_pair(left, 77, 5);
    struct plan *plan = plan_set(&w, &(struct cell_source)PAIR_THERE, 1, "first");
    assert_non_null(plan);
    assert_true(plan->cells[0].coupled);
    assert_true(plan->cells[1].coupled);
    assert_int_equal(plan->migrations.count, 1);
    assert_int_equal(plan->migrations.withdrawal.text_count, 1); /* of an added cell, too */
    world_commit(&w, plan);
    assert_ptr_equal(home_of(&w, "second", "left"), left);
    assert_memory_equal(live(left), ((int[]){77, 8, 5}), 12);
    assert_int_equal(left->len, 12);
    /* What the new code wrote comes back with it. */
    memcpy(live(left), (int[]){78, 9, 6}, 12);
    world_revert(&w, plan);
    plan_destroy(plan);
    assert_ptr_equal(home_of(&w, "first", "left"), left);
    assert_null(home_of(&w, "second", "left"));
    expect_pair(left, 78, 6);
    /* And back by another commit, which knows nothing of the second. */
    for (int i = 0; i < 3; i++) {
        goes_to(&w, &(struct cell_source)PAIR_THERE, 1, "first");
        assert_memory_equal(live(left), ((int[]){78, 8, 6}), 12);
        goes_to(&w, &(struct cell_source)PAIR_HERE, 1, "second");
        assert_ptr_equal(home_of(&w, "first", "left"), left);
        expect_pair(left, 78, 6);
    }
    world_fini(&w);
}

/* It has no room: it moves to a home of the cell that takes it. With the old one of first shared it would not fit. */
static void what_is_taken_and_larger_gets_another_home(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(PAIR_HERE));
    struct home *left = home_of(&w, "first", "left");
    set_pair(left, 77, 5);
    struct plan *plan = plan_set(&w, &(struct cell_source)PAIR_LARGE, 1, "first");
    assert_non_null(plan);
    world_commit(&w, plan);
    struct home *large = home_of(&w, "second", "left");
    assert_ptr_not_equal(large, left);
    assert_null(home_of(&w, "first", "left"));
    assert_int_equal(get_le64(live(large)), 77);
    assert_int_equal(get_le32(live(large) + 8), 8);
    assert_int_equal(get_le64(live(large) + 8 + 240), 5);
    put_le64(live(large), 78);
    world_revert(&w, plan);
    plan_destroy(plan);
    assert_ptr_equal(home_of(&w, "first", "left"), left);
    assert_null(home_of(&w, "second", "left"));
    expect_pair(left, 78, 5);
    for (int i = 0; i < 3; i++) {
        goes_to(&w, &(struct cell_source)PAIR_LARGE, 1, "first");
        assert_int_equal(get_le64(live(home_of(&w, "second", "left"))), 78);
        goes_to(&w, &(struct cell_source)PAIR_HERE, 1, "second");
        expect_pair(home_of(&w, "first", "left"), 78, 5);
    }
    world_fini(&w);
}

/* Also from a cell that stays, and back into it. */
static void a_cell_that_stays_gives_it_in_another_form(void **state)
{
    static const struct cell_source both = {"first", "",
                                            PAIR("int a, b;", "{1, 2}") "\f" RIGHT};
    static const struct cell_source rest = {"first", "", RIGHT};
    struct world w;
    (void)state;
    world_init(&w, CELLS(both));
    struct home *left = home_of(&w, "first", "left");
    set_pair(left, 77, 5);
    for (int i = 0; i < 3; i++) {
        goes_to(&w, (struct cell_source[]){rest, PAIR_THERE}, 2, NULL);
        assert_ptr_equal(home_of(&w, "second", "left"), left);
        assert_memory_equal(live(left), ((int[]){77, 8, 5}), 12);
        assert_null(home_of(&w, "first", "left"));
        goes_to(&w, &both, 1, "second");
        assert_ptr_equal(home_of(&w, "first", "left"), left);
        expect_pair(left, 77, 5);
    }
    world_fini(&w);
}

static void refuses_a_form_that_no_rule_leads_to(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(FIRST));
    expect_asked(
        &w,
        &(struct cell_source){
            "second", "",
            TEXT(EVOLVE_TAKES(first,
                              left)) "struct { long all[40]; } left;\n"
                                     "long left_next(void) { return ++left.all[0]; }\n"},
        "first", "its live value cannot follow");
    world_fini(&w);
}

#define LIST(fields)                                                                     \
    "struct item { " fields " struct item *next; };\n"                                   \
    "struct list { struct item *first; long count; };\n"                                 \
    "static struct list left;\n"                                                         \
    "long left_next(struct item *i) { i->next = left.first; left.first = i; return "     \
    "++left.count; }\n"

/* The old form lies behind a pointer, where nobody looks. Without check_reach() the list was read in the new form. */
static void refuses_another_form_of_what_it_leads_to(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS({"first", "", LIST("long a;")}));
    expect_asked(&w,
                 &(struct cell_source){
                     "second", "", TEXT(EVOLVE_TAKES(first, left)) LIST("long a, b;")},
                 "first", "struct item, to which it leads, comes with another form");
    assert_string_equal(w.report.refusals[0].code, "type");
    goes_to(&w,
            &(struct cell_source){"second", "",
                                  TEXT(EVOLVE_TAKES(first, left)) LIST("long a;")},
            1, "first");
    world_fini(&w);
}

#define COUNT(type)                                                                      \
    "static " type " left = 1; long left_next(void) { return (long)++left; }\n"
#define EDGES                                                                            \
    S_EDGE("left", "0", "int", "1", "long") S_EDGE("left", "1", "long", "0", "int")

static const struct turn *the_turn(const struct plan *plan)
{
    assert_int_equal(plan->migrations.count, 1);
    const struct turn *t = turn_of(&plan->migrations.list[0]);
    assert_non_null(t);
    assert_true(plan->migrations.walked && plan->revertible);
    assert_int_equal(t->way[FORM_OLD].count, 1);
    assert_int_equal(t->way[FORM_NEW].count, 1);
    assert_true(t->way[FORM_OLD].steps[0].edge && t->way[FORM_NEW].steps[0].edge);
    return t;
}

/* Over edges of the cell that takes it, and back over those of the cell that had it: evolution `handed` runs them. Moved
 * by name, in silence, when change() does not look at the states. */
static void an_object_changes_its_cell_and_its_meaning(void **state)
{
    static const struct cell_source here = {"first", "", COUNT("int")};
    static const struct cell_source there = {
        "second", "",
        TEXT(EVOLVE_TAKES(first, left)) TEXT(EVOLVE_STATE(left, 1)) COUNT("long") EDGES};
    static const struct cell_source no_edge = {
        "second", "",
        TEXT(EVOLVE_TAKES(first, left)) TEXT(EVOLVE_STATE(left, 1)) COUNT("int")};
    struct world w;
    (void)state;
    world_init(&w, CELLS(here));
    expect_asked(&w, &no_edge, "first", "no EVOLVE_STATE_EDGE leads");
    struct plan *plan = plan_set(&w, &there, 1, "first");
    assert_non_null(plan);
    const struct turn *t = the_turn(plan);
    assert_int_equal(t->way[FORM_OLD].from_len, 4);
    assert_int_equal(t->way[FORM_OLD].to_len, 8);
    plan_destroy(plan);
    world_fini(&w);
    world_init(&w, CELLS(there));
    plan = plan_set(&w, &here, 1, "second");
    assert_non_null(plan);
    assert_int_equal(the_turn(plan)->way[FORM_OLD].to_len, 4);
    plan_destroy(plan);
    world_fini(&w);
}

/* The state of its old name counts, and edges of the version that has the new one. */
static void an_object_changes_its_name_and_its_meaning(void **state)
{
    static const struct cell_source was = {
        "first", "",
        "static int was = 1; long left_next(void) { return ++was; }\n" TEXT(
            EVOLVE_STATE(was, 7))};
    static const struct cell_source is = {
        "first", "",
        TEXT(EVOLVE_RENAMED(was, left)) TEXT(EVOLVE_STATE(left, 1)) COUNT("long")
            S_EDGE("left", "7", "int", "1", "long")
                S_EDGE("left", "1", "long", "7", "int")};
    struct world w;
    (void)state;
    world_init(&w, CELLS(was));
    struct plan *plan = plan_set(&w, &is, 1, NULL);
    assert_non_null(plan);
    (void)the_turn(plan);
    plan_destroy(plan);
    world_fini(&w);
    world_init(&w, CELLS(is));
    plan = plan_set(&w, &was, 1, NULL);
    assert_non_null(plan);
    (void)the_turn(plan);
    plan_destroy(plan);
    world_fini(&w);
}

#define INNER(text, more)                                                                \
    text "struct in { int a; };\n" more                                                  \
         "static struct { struct in in; int b; } left = {{1}, 2};\n"                     \
         "long left_next(void) { return ++left.in.a + left.b; }\n"

/* What turns by value in it is not moved by name: without meanings_part() in change() it was. */
static void what_lies_in_it_may_not_change_its_meaning_in_silence(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS({"first", "", INNER("", "")}));
    expect_asked(&w,
                 &(struct cell_source){
                     "second", "",
                     INNER(TEXT(EVOLVE_TAKES(first, left)), TEXT(EVOLVE_STATE(in, 1)))},
                 "first", "holds a struct in");
    world_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_changes_its_cell_and_its_type),
        cmocka_unit_test(what_is_taken_and_larger_gets_another_home),
        cmocka_unit_test(a_cell_that_stays_gives_it_in_another_form),
        cmocka_unit_test(refuses_a_form_that_no_rule_leads_to),
        cmocka_unit_test(refuses_another_form_of_what_it_leads_to),
        cmocka_unit_test(an_object_changes_its_cell_and_its_meaning),
        cmocka_unit_test(an_object_changes_its_name_and_its_meaning),
        cmocka_unit_test(what_lies_in_it_may_not_change_its_meaning_in_silence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
