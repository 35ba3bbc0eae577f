/* Tests of objects that move from cell to cell: cells that are split and merged keep their values.
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

#include <lib/base/evolve.h>

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The text of the mark itself, for cells that are compiled here. */
#define TEXT(...) TEXT_OF(__VA_ARGS__)
#define TEXT_OF(...) #__VA_ARGS__ ";\n"
#define LEFT "static long left = 1; long left_next(void) { return ++left; }\n"
#define RIGHT "static int right[4]; int right_next(int i) { return ++right[i & 3]; }\n"

static const struct cell_source whole = {"whole", "", LEFT "\f" RIGHT};
static const struct cell_source left_part = {"leftpart", "",
                                             TEXT(EVOLVE_TAKES(whole, left)) LEFT};
static const struct cell_source right_part = {"rightpart", "",
                                              TEXT(EVOLVE_TAKES(whole, right)) RIGHT};
static const struct cell_source caller = {
    "caller", "whole leftpart rightpart",
    "long left_next(void); int right_next(int);\n"
    "long caller_call(void) { return left_next() + right_next(1); }\n"};

static struct home *home_of(struct world *w, const char *cell, const char *key)
{
    return namespace_find_home(&w->ns, cell, key);
}

static uint8_t *live(const struct home *h)
{
    assert_non_null(h);
    return (uint8_t *)cellmem_view(h->va);
}

static struct plan *plan_set(struct world *w, const struct cell_source *cells,
                             size_t count, const char *removed)
{
    struct plan_object objects[4];
    struct plan *plan = NULL;
    for (size_t i = 0; i < count; i++)
        objects[i] = cell_make(&cells[i]);
    enum status status = plan_create(&w->ns, objects, (uint32_t)count, &removed,
                                     removed != NULL, &plan, &w->report);
    if (status != STATUS_OK)
        print_message("refused: %s\n", w->report.refusals[0].text);
    return plan;
}

static struct plan *split(struct world *w)
{
    return plan_set(w, (struct cell_source[]){left_part, right_part}, 2, "whole");
}

static void a_split_keeps_both_values_where_they_are(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(whole, caller));
    struct home *left = home_of(&w, "whole", "left");
    struct home *right = home_of(&w, "whole", "right");
    live(left)[0] = 77;
    live(right)[4] = 5;
    struct plan *plan = split(&w);
    assert_non_null(plan);
    world_commit(&w, plan);
    assert_null(namespace_running(&w.ns, "whole"));
    assert_ptr_equal(home_of(&w, "leftpart", "left"), left);
    assert_ptr_equal(home_of(&w, "rightpart", "right"), right);
    assert_null(home_of(&w, "whole", "left"));
    assert_int_equal(live(left)[0], 77);
    assert_int_equal(live(right)[4], 5);
    expect_calls(&w, "caller", "leftpart", "left_next");
    expect_calls(&w, "caller", "rightpart", "right_next");
    plan_destroy(plan);
    world_fini(&w);
}

static void a_revert_gives_them_back(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(whole, caller));
    struct home *left = home_of(&w, "whole", "left");
    live(left)[0] = 77;
    struct plan *plan = split(&w);
    assert_non_null(plan);
    world_commit(&w, plan);
    live(left)[0] = 78;
    world_revert(&w, plan);
    assert_ptr_equal(home_of(&w, "whole", "left"), left);
    assert_null(home_of(&w, "leftpart", "left"));
    assert_int_equal(live(left)[0], 78);
    expect_calls(&w, "caller", "whole", "left_next");
    plan_destroy(plan);
    /* And forward again: what the first try left behind is no hindrance. */
    plan = split(&w);
    assert_non_null(plan);
    world_commit(&w, plan);
    assert_ptr_equal(home_of(&w, "leftpart", "left"), left);
    plan_destroy(plan);
    world_fini(&w);
}

static void a_plan_that_is_given_up_changes_no_owner(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(whole, caller));
    uint64_t before = world_digest(&w);
    struct plan *plan = split(&w);
    assert_non_null(plan);
    plan_destroy(plan);
    assert_true(before == world_digest(&w));
    assert_non_null(home_of(&w, "whole", "left"));
    world_fini(&w);
}

static void split_and_merged_again_the_values_go_on(void **state)
{
    static const struct cell_source merged = {
        "whole", "", TEXT(EVOLVE_TAKES(leftpart, left)) LEFT "\f" RIGHT};
    struct world w;
    (void)state;
    world_init(&w, CELLS(whole, caller));
    struct home *left = home_of(&w, "whole", "left");
    live(left)[0] = 50;
    /* Only one of the two objects leaves, and comes back. */
    struct plan *plan =
        plan_set(&w, (struct cell_source[]){left_part, {"whole", "", RIGHT}}, 2, NULL);
    assert_non_null(plan);
    world_commit(&w, plan);
    plan_destroy(plan);
    assert_ptr_equal(home_of(&w, "leftpart", "left"), left);
    plan = plan_set(&w, &merged, 1, "leftpart");
    assert_non_null(plan);
    world_commit(&w, plan);
    plan_destroy(plan);
    assert_ptr_equal(home_of(&w, "whole", "left"), left);
    assert_int_equal(live(left)[0], 50);
    expect_calls(&w, "caller", "whole", "left_next");
    world_fini(&w);
}

/* The mark stays in the source for machines that skip versions; on others it does nothing. */
static void a_mark_that_is_left_in_does_nothing(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(left_part, right_part, caller));
    struct home *left = home_of(&w, "leftpart", "left");
    struct plan *plan =
        plan_set(&w,
                 (struct cell_source[]){
                     {"leftpart", "",
                      TEXT(EVOLVE_TAKES(
                          whole, left)) "static long left = 1;\n"
                                        "long left_next(void) { return left += 2; }\n"}},
                 1, NULL);
    assert_non_null(plan);
    world_commit(&w, plan);
    assert_ptr_equal(home_of(&w, "leftpart", "left"), left);
    plan_destroy(plan);
    world_fini(&w);
}

/* Not refused without other_owner(): two cells would write one object. */
static void refuses_to_take_what_the_other_keeps(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(whole, {"other", "", "int other_one(void) { return 1; }\n"}));
    expect_refused(
        &w,
        CELLS({"other", "",
               TEXT(EVOLVE_TAKES(whole,
                                 left)) "static long left; long other_one(void);\n"
                                        "int other_two(void) { return (int)++left; }\n"}),
        "data", "other", "left", "whole");
    world_fini(&w);
}

static void refuses_what_is_lost_without_a_mark(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(whole));
    expect_refused(&w, CELLS({"whole", "", RIGHT}, {"leftpart", "", LEFT}), "consent",
                   "whole", "left", NULL);
    world_fini(&w);
}

static void refuses_a_new_cell_that_forgets_to_take(void **state)
{
    static const char *const whole_name = "whole";
    struct plan *plan = NULL;
    struct plan_object objects[2] = {cell_make(&left_part)};
    struct cell_source forgets = {"rightpart", "", RIGHT};
    struct world w;
    (void)state;
    world_init(&w, CELLS(whole, caller));
    objects[1] = cell_make(&forgets);
    assert_int_equal(plan_create(&w.ns, objects, 2, &whole_name, 1, &plan, &w.report),
                     STATUS_DENIED);
    assert_string_equal(w.report.refusals[0].cell, "rightpart");
    assert_string_equal(w.report.refusals[0].symbol, "right");
    assert_string_equal(w.report.refusals[0].dependent, "whole");
    assert_non_null(strstr(w.report.refusals[0].text, "EVOLVE_TAKES(whole, right)"));
    world_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_split_keeps_both_values_where_they_are),
        cmocka_unit_test(a_revert_gives_them_back),
        cmocka_unit_test(a_plan_that_is_given_up_changes_no_owner),
        cmocka_unit_test(split_and_merged_again_the_values_go_on),
        cmocka_unit_test(a_mark_that_is_left_in_does_nothing),
        cmocka_unit_test(refuses_to_take_what_the_other_keeps),
        cmocka_unit_test(refuses_a_new_cell_that_forgets_to_take),
        cmocka_unit_test(refuses_what_is_lost_without_a_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
