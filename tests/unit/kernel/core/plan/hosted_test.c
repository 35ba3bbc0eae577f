/* Tests of the hosted planner: what it says of swaps that are refused.
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

#include <core/hosted/hosted.h>

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct cell_source counter = {
    "counter", "", "static long count = 5; long counter_next(void) { return ++count; }\n"};
static const struct cell_source caller = {
    "caller", "counter",
    "long counter_next(void); long caller_twice(void) { return counter_next() * 2; }\n"};
static const struct cell_source other = {"other", "",
                                         "int other_one(void) { return 1; }\n"};
static const struct cell_source wider_counter = {
    "counter", "", "static int count; long counter_next(void) { return ++count; }\n"};
static const struct cell_source pointer_counter = {
    "counter", "",
    "static char *count; long counter_next(void) { return (long)++count; }\n"};
static const struct cell_source other_signature = {
    "counter", "",
    "static long count = 5; long counter_next(long by) { return count += by; }\n"};
static const struct cell_source caller_by = {
    "caller", "counter",
    "long counter_next(long); long caller_twice(void) { return counter_next(4) * 2; }\n"};
static const struct cell_source other_text = {"other", "",
                                              "int other_one(void) { return 2; }\n"};
static const struct cell_source added = {"added", "",
                                         "int added_one(void) { return 1; }\n"};

static struct hosted_plan plan;

static size_t objects(const struct cell_source *const *cells, struct hosted_object *out)
{
    size_t count = 0;
    for (; cells[count]; count++) {
        struct plan_object o = cell_make(cells[count]);
        out[count] = (struct hosted_object){cells[count]->name, o.bytes, o.len};
    }
    return count;
}

static void ask(const struct cell_source *const *from, const struct cell_source *const *to)
{
    struct hosted_object before[8];
    struct hosted_object after[8];
    size_t before_count = objects(from, before);
    size_t after_count = objects(to, after);
    enum status status = hosted_plan(before, before_count, after, after_count, &plan);
    assert_int_equal(status, STATUS_OK);
}

static void expect_row(const char *name, enum plan_class class)
{
    for (size_t i = 0; i < plan.cell_count; i++)
        if (strcmp(plan.cells[i].name, name) == 0) {
            assert_int_equal(plan.cells[i].class, class);
            return;
        }
    fail_msg("there is no row for %s", name);
}

#define SET(...)                                                                         \
    (const struct cell_source *const[])                                                  \
    {                                                                                    \
        __VA_ARGS__, NULL                                                                \
    }

static void a_plan_has_a_row_for_each_cell_that_differs(void **state)
{
    (void)state;
    ask(SET(&counter, &caller, &other), SET(&counter, &caller, &other_text, &added));
    assert_int_equal(plan.report.refusal_count, 0);
    assert_int_equal(plan.cell_count, 2);
    expect_row("other", PLAN_TEXT);
    expect_row("added", PLAN_ADD);
    hosted_plan_fini(&plan);
    ask(SET(&counter, &caller, &other), SET(&counter, &caller));
    assert_int_equal(plan.cell_count, 1);
    expect_row("other", PLAN_REMOVE);
    hosted_plan_fini(&plan);
}

static void a_refused_type_has_its_rows(void **state)
{
    (void)state;
    ask(SET(&counter, &caller, &other),
        SET(&pointer_counter, &caller, &other_text, &added));
    assert_int_equal(plan.report.refusal_count, 1);
    assert_string_equal(plan.report.refusals[0].code, "data");
    assert_int_equal(plan.cell_count, 3);
    expect_row("counter", PLAN_DATA);
    expect_row("other", PLAN_TEXT);
    expect_row("added", PLAN_ADD);
    for (size_t i = 0; i < plan.cell_count; i++)
        if (strcmp(plan.cells[i].name, "other") == 0)
            assert_int_equal(plan.cells[i].functions_changed, 1);
    hosted_plan_fini(&plan);
}

static void a_refused_signature_has_its_rows(void **state)
{
    (void)state;
    ask(SET(&counter, &caller, &other), SET(&other_signature, &caller, &other_text));
    assert_true(plan.report.refusal_count > 0);
    assert_string_equal(plan.report.refusals[0].code, "signature");
    assert_int_equal(plan.cell_count, 2);
    expect_row("counter", PLAN_SIGNATURE);
    expect_row("other", PLAN_TEXT);
    hosted_plan_fini(&plan);
}

static void a_plan_says_which_cells_are_coupled(void **state)
{
    (void)state;
    ask(SET(&counter, &caller, &other), SET(&other_signature, &caller_by, &other_text));
    assert_int_equal(plan.report.refusal_count, 0);
    assert_int_equal(plan.cell_count, 3);
    for (size_t i = 0; i < plan.cell_count; i++)
        assert_int_equal(plan.cells[i].coupled, strcmp(plan.cells[i].name, "other") != 0);
    hosted_plan_fini(&plan);
}

static void a_refused_removal_has_its_rows(void **state)
{
    (void)state;
    ask(SET(&counter, &caller), SET(&caller));
    assert_string_equal(plan.report.refusals[0].code, "undefined");
    assert_string_equal(plan.report.refusals[0].dependent, "caller");
    assert_int_equal(plan.cell_count, 1);
    expect_row("counter", PLAN_REMOVE);
    hosted_plan_fini(&plan);
}

static void all_reasons_are_told_at_once(void **state)
{
    static const struct cell_source user = {
        "user", "other",
        "int other_one(void); int user_two(void) { return other_one() * 2; }\n"};
    static const struct cell_source renamed = {"other", "",
                                               "int other_two(void) { return 1; }\n"};
    (void)state;
    ask(SET(&counter, &caller, &other, &user),
        SET(&pointer_counter, &caller, &renamed, &user));
    assert_int_equal(plan.report.refusal_count, 2);
    assert_string_equal(plan.report.refusals[0].code, "data");
    assert_string_equal(plan.report.refusals[1].code, "undefined");
    hosted_plan_fini(&plan);
}

static void a_plan_says_what_migrates(void **state)
{
    (void)state;
    ask(SET(&counter, &caller), SET(&wider_counter, &caller));
    assert_int_equal(plan.report.refusal_count, 0);
    expect_row("counter", PLAN_DATA);
    assert_int_equal(plan.migration_count, 1);
    assert_string_equal(plan.migrations[0].cell, "counter");
    assert_string_equal(plan.migrations[0].object, "count");
    assert_non_null(strstr(plan.migrations[0].text, "8 to 4 bytes"));
    assert_int_equal(plan.migrations[0].old_len, 8);
    assert_int_equal(plan.migrations[0].new_len, 4);
    assert_false(plan.migrations[0].constant);
    assert_false(plan.migrations[0].moves);
    hosted_plan_fini(&plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_has_a_row_for_each_cell_that_differs),
        cmocka_unit_test(a_plan_says_what_migrates),
        cmocka_unit_test(a_refused_type_has_its_rows),
        cmocka_unit_test(a_refused_signature_has_its_rows),
        cmocka_unit_test(a_plan_says_which_cells_are_coupled),
        cmocka_unit_test(a_refused_removal_has_its_rows),
        cmocka_unit_test(all_reasons_are_told_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
