/* Tests of objects that move from cell to cell: cells that are split and merged keep their values.
 * SPDX-License-Identifier: MIT
 */
#include "takeover_fixture.h"

#include <mm/heap/heap.h>

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct cell_source whole = {"whole", "", LEFT "\f" RIGHT};
static const struct cell_source left_part = {"leftpart", "",
                                             TEXT(EVOLVE_TAKES(whole, left)) LEFT};
static const struct cell_source right_part = {"rightpart", "",
                                              TEXT(EVOLVE_TAKES(whole, right)) RIGHT};
static const struct cell_source caller = {
    "caller", "whole leftpart rightpart",
    "long left_next(void); int right_next(int);\n"
    "long caller_call(void) { return left_next() + right_next(1); }\n"};

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

/* A rollback: the version that comes was made when nobody thought of a split. Refused (`consent`) without the second mark that
 * take_home() looks for. */
static void the_mark_of_the_version_that_is_left_counts(void **state)
{
    static const char *const parts[] = {"leftpart", "rightpart"};
    struct plan_object object = cell_make(&whole);
    struct plan *plan = NULL;
    struct world w;
    (void)state;
    world_init(&w, CELLS(left_part, right_part, caller));
    struct home *left = home_of(&w, "leftpart", "left");
    struct home *right = home_of(&w, "rightpart", "right");
    live(left)[0] = 77;
    assert_int_equal(plan_create(&w.ns, &object, 1, parts, 2, &plan, &w.report),
                     STATUS_OK);
    world_commit(&w, plan);
    plan_destroy(plan);
    assert_ptr_equal(home_of(&w, "whole", "left"), left);
    assert_ptr_equal(home_of(&w, "whole", "right"), right);
    assert_null(home_of(&w, "leftpart", "left"));
    assert_int_equal(live(left)[0], 77);
    expect_calls(&w, "caller", "whole", "left_next");
    /* And forward again, and back within the trial. */
    plan = split(&w);
    assert_non_null(plan);
    world_commit(&w, plan);
    assert_ptr_equal(home_of(&w, "leftpart", "left"), left);
    world_revert(&w, plan);
    plan_destroy(plan);
    assert_ptr_equal(home_of(&w, "whole", "left"), left);
    assert_ptr_equal(home_of(&w, "whole", "right"), right);
    world_fini(&w);
}

/* Only one object left, and the cell that it goes back to runs: nothing is removed that looks like it. Without the second mark
 * `left` began at 1 again, and nobody was asked. */
static void the_mark_that_is_left_counts_of_a_cell_that_stays(void **state)
{
    static const struct cell_source rest = {"whole", "", RIGHT};
    struct world w;
    (void)state;
    world_init(&w, CELLS(left_part, rest, caller));
    struct home *left = home_of(&w, "leftpart", "left");
    live(left)[0] = 77;
    struct plan *plan = plan_set(&w, &whole, 1, "leftpart");
    assert_non_null(plan);
    world_commit(&w, plan);
    assert_ptr_equal(home_of(&w, "whole", "left"), left);
    assert_int_equal(live(left)[0], 77);
    world_revert(&w, plan);
    plan_destroy(plan);
    assert_ptr_equal(home_of(&w, "leftpart", "left"), left);
    assert_null(home_of(&w, "whole", "left"));
    goes_to(&w, &whole, 1, "leftpart");
    goes_to(&w, (struct cell_source[]){left_part, rest}, 2, NULL);
    assert_ptr_equal(home_of(&w, "leftpart", "left"), left);
    assert_int_equal(live(left)[0], 77);
    world_fini(&w);
}

/* The same without any mark: silent before heir() looked at cells that stay. */
static void what_a_cell_that_stays_would_begin_anew_needs_consent(void **state)
{
    static const struct cell_source rest = {"whole", "", RIGHT};
    static const struct cell_source unmarked = {"leftpart", "", LEFT};
    static const char *const agreed[] = {"leftpart:left"};
    static const char *const removed = "leftpart";
    struct plan_object object = cell_make(&whole);
    struct plan *plan = NULL;
    struct world w;
    (void)state;
    world_init(&w, CELLS(unmarked, rest, caller));
    assert_int_equal(plan_create(&w.ns, &object, 1, &removed, 1, &plan, &w.report),
                     STATUS_DENIED);
    assert_string_equal(w.report.refusals[0].code, "consent");
    assert_string_equal(w.report.refusals[0].cell, "leftpart");
    assert_string_equal(w.report.refusals[0].symbol, "left");
    assert_string_equal(w.report.refusals[0].dependent, "whole");
    assert_non_null(
        strstr(w.report.refusals[0].text, "EVOLVE_TAKES(whole, left) in the leftpart"));
    assert_non_null(strstr(w.report.refusals[0].text, "--consent leftpart:left"));
    assert_int_equal(plan_load(&w.ns, &object, 1, &removed, 1, &plan, &w.report),
                     STATUS_OK);
    plan->consent = agreed;
    plan->consent_count = 1;
    assert_int_equal(plan_verify(plan, &w.report), STATUS_OK);
    plan_destroy(plan);
    world_fini(&w);
}

#define SECOND                                                                           \
    {                                                                                    \
        "second", "", TEXT(EVOLVE_TAKES(first, left)) LEFT                               \
    }
#define THIRD                                                                            \
    {                                                                                    \
        "third", "",                                                                     \
            TEXT(EVOLVE_TAKES(first, left)) TEXT(EVOLVE_TAKES(second, left)) LEFT        \
    }

/* The second had it from the first, the third from the second: each remembers all before it, so no order is needed. */
static void skipped_owners_need_no_order(void **state)
{
    static const struct cell_source owners[] = {FIRST, SECOND, THIRD};
    static const int ways[] = {2, 0, 1, 0, 2, 1, 2}; /* from the first on */
    struct world w;
    (void)state;
    world_init(&w, CELLS(FIRST));
    struct home *left = home_of(&w, "first", "left");
    live(left)[0] = 77;
    int at = 0;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        goes_to(&w, &owners[ways[i]], 1, owners[at].name);
        assert_null(home_of(&w, owners[at].name, "left"));
        at = ways[i];
        assert_ptr_equal(home_of(&w, owners[at].name, "left"), left);
        assert_int_equal(live(left)[0], 77);
    }
    world_fini(&w);
}

/* A mark was thrown away: then the one in the middle cannot be skipped, and who tries is told what is missing. */
static void a_mark_that_was_taken_out_cannot_be_skipped(void **state)
{
    static const struct cell_source forgetful = {"third", "",
                                                 TEXT(EVOLVE_TAKES(second, left)) LEFT};
    static const struct cell_source first = FIRST;
    static const struct cell_source second = SECOND;
    struct world w;
    (void)state;
    world_init(&w, CELLS(FIRST));
    struct home *left = home_of(&w, "first", "left");
    expect_asked(&w, &forgetful, "first", "EVOLVE_TAKES(first, left) in third");
    goes_to(&w, &second, 1, "first");
    goes_to(&w, &forgetful, 1, "second");
    expect_asked(&w, &first, "third", "EVOLVE_TAKES(first, left) in the third that runs");
    goes_to(&w, &second, 1, "third");
    goes_to(&w, &first, 1, "second");
    assert_ptr_equal(home_of(&w, "first", "left"), left);
    world_fini(&w);
}

/* Both say that theirs was the first's. Without the count in take_home() the one that came last won. */
static void two_that_could_be_meant_are_refused(void **state)
{
    static const char *const both[] = {"second", "other"};
    static const struct cell_source first = FIRST;
    struct plan_object object = cell_make(&first);
    struct plan *plan = NULL;
    struct world w;
    (void)state;
    world_init(
        &w,
        CELLS(SECOND, {"other", "",
                       TEXT(EVOLVE_TAKES(
                           first, left)) "static long left;\n"
                                         "long other_next(void) { return ++left; }\n"}));
    assert_int_equal(plan_create(&w.ns, &object, 1, both, 2, &plan, &w.report),
                     STATUS_DENIED);
    assert_string_equal(w.report.refusals[0].code, "data");
    assert_string_equal(w.report.refusals[0].cell, "first");
    assert_string_equal(w.report.refusals[0].symbol, "left");
    assert_non_null(strstr(w.report.refusals[0].text, "second"));
    assert_non_null(strstr(w.report.refusals[0].text, "other"));
    /* Who keeps his is not meant. */
    goes_to(&w, &first, 1, "second");
    assert_non_null(home_of(&w, "first", "left"));
    assert_non_null(home_of(&w, "other", "left"));
    world_fini(&w);
}

/* The first has one of that name again, another one: going back it would be taken for the one that the second has. */
static void a_name_that_was_used_again_is_not_taken_for_the_first(void **state)
{
    static const struct cell_source first = FIRST;
    static const struct cell_source again = {
        "first", "", "static long left = 5; long first_next(void) { return ++left; }\n"};
    struct world w;
    (void)state;
    world_init(&w, CELLS(again, SECOND));
    expect_asked(&w, &first, "second", "EVOLVE_TAKES");
    assert_string_equal(w.report.refusals[0].code, "consent");
    assert_string_equal(w.report.refusals[0].cell, "second");
    assert_string_equal(w.report.refusals[0].dependent, "first");
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

/* Of two that are the plan's own the first is no object at all; the second asks what becomes of the others. Seen to fail (by the
 * sanitizer) when the first is given back before the second is loaded, and when it is never. */
static void what_is_refused_is_given_back_when_all_have_come(void **state)
{
    struct plan_object made = cell_make(&left_part);
    struct plan_object objects[2] = {
        {.bytes = heap_bytes(64), .len = 64, .own = true},
        {.bytes = heap_bytes(made.len), .len = made.len, .own = true}};
    struct plan *plan = NULL;
    struct world w;
    (void)state;
    world_init(&w, CELLS(whole));
    assert_non_null(objects[0].bytes);
    assert_non_null(objects[1].bytes);
    memset((void *)objects[0].bytes, 0, 64);
    memcpy((void *)objects[1].bytes, made.bytes, made.len);
    assert_int_equal(plan_create(&w.ns, objects, 2, NULL, 0, &plan, &w.report),
                     STATUS_DENIED);
    assert_string_equal(w.report.refusals[0].code, "object");
    world_fini(&w);
}

static void refuses_what_is_lost_without_a_mark(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(whole));
    expect_refused(&w, CELLS({"whole", "", RIGHT}, {"leftpart", "", LEFT}), "consent",
                   "whole", "left", "leftpart");
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
    assert_string_equal(w.report.refusals[0].code, "consent");
    assert_string_equal(w.report.refusals[0].cell, "whole");
    assert_string_equal(w.report.refusals[0].symbol, "right");
    assert_string_equal(w.report.refusals[0].dependent, "rightpart");
    assert_non_null(
        strstr(w.report.refusals[0].text, "EVOLVE_TAKES(whole, right) in rightpart"));
    assert_non_null(strstr(w.report.refusals[0].text, "--consent whole:right"));
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
        cmocka_unit_test(the_mark_of_the_version_that_is_left_counts),
        cmocka_unit_test(the_mark_that_is_left_counts_of_a_cell_that_stays),
        cmocka_unit_test(what_a_cell_that_stays_would_begin_anew_needs_consent),
        cmocka_unit_test(skipped_owners_need_no_order),
        cmocka_unit_test(a_mark_that_was_taken_out_cannot_be_skipped),
        cmocka_unit_test(two_that_could_be_meant_are_refused),
        cmocka_unit_test(a_name_that_was_used_again_is_not_taken_for_the_first),
        cmocka_unit_test(what_is_refused_is_given_back_when_all_have_come),
        cmocka_unit_test(refuses_to_take_what_the_other_keeps),
        cmocka_unit_test(refuses_a_new_cell_that_forgets_to_take),
        cmocka_unit_test(refuses_what_is_lost_without_a_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
