/* Tests of addresses of functions whose type changes (hazards 1 and 12).
 * SPDX-License-Identifier: MIT
 *
 * Seen to fail: when fieldmap.c copies such a pointer; when value_callback() does not compare types; without the coupling in
 * callbacks_init().
 */
#include "migrate_fixture.h"

#define NARROW(functions)                                                                \
    CELL("static int one(int a) { return a + 1; }\n"                                     \
         "static int two(int a) { return a + 2; }\n" functions                           \
         "static struct { int (*fn)(int); int (*more[3])(int); } s = {one, {two}};\n"    \
         "int (*cell_other(void))(int); int (*cell_other(void))(int) { return two; }\n")
#define WIDE(functions)                                                                  \
    CELL("static int one(int a, int b) { return a + b; }\n"                              \
         "static int two(int a, int b) { return a - b; }\n" functions                    \
         "static struct { long n; int (*fn)(int, int); int (*more[3])(int, int); } s = " \
         "{7, one, {two}};\n"                                                            \
         "int (*cell_other(void))(int, int); int (*cell_other(void))(int, int) { "       \
         "return two; }\n")
#define KEPT                                                                             \
    "static int kept(int a) { return a; }\nvoid *cell_kept(void); void "                 \
    "*cell_kept(void) { return (void *)kept; }\n"

struct narrow {
    uint64_t fn;
    uint64_t more[3];
};

struct wide {
    uint64_t n;
    uint64_t fn;
    uint64_t more[3];
};

static const struct cell_source narrow = NARROW("");
static const struct cell_source wide = WIDE("");

/* The address of the running NAME. */
static uint64_t address(const char *name)
{
    const struct version *v = namespace_running(&w.ns, "cell");
    int64_t i = version_function(v, name, false, 0);
    assert_true(i >= 0);
    assert_non_null(v->functions[i].stub);
    return v->functions[i].stub->va;
}

static void addresses_follow_there_and_back(void **state)
{
    (void)state;
    world_init(&w, &narrow, 1);
    const struct narrow *was = live();
    uint64_t one = address("one");
    uint64_t two = address("two");
    assert_true(was->fn == one && was->more[0] == two && !was->more[1]);
    for (int i = 0; i < 3; i++) {
        go(&wide);
        const struct wide *is = live();
        assert_true(address("one") != one && address("two") != two);
        assert_true(is->fn == address("one") && is->more[0] == address("two"));
        assert_true(!is->more[1] && !is->more[2]);
        go(&narrow);
        was = live();
        assert_true(address("one") == one && was->fn == one && was->more[0] == two);
    }
    world_fini(&w);
}

/* By the guard. What came since, and what the old version does not have, is left out. */
static void a_revert_brings_the_old_form_of_each(void **state)
{
    static const struct cell_source more = WIDE(
        "static int three(int a, int b) { return a * b; }\n"
        "void *cell_three(void); void *cell_three(void) { return (void *)three; }\n");
    (void)state;
    world_init(&w, &narrow, 1);
    uint64_t one = address("one");
    uint64_t two = address("two");
    struct plan *plan = must_plan(&more);
    world_commit(&w, plan);
    struct wide *is = live();
    is->fn = address("two");
    is->more[1] = address("one");
    is->more[2] = address("three");
    world_revert(&w, plan);
    plan_destroy(plan);
    const struct narrow *was = live();
    assert_true(was->fn == two && was->more[0] == two && was->more[1] == one);
    assert_true(was->more[2] == 0);
    world_fini(&w);
}

/* STORED lies in a field when TO is to come: nothing is changed, and the word is told. */
static void expect_no_form(const struct cell_source *to, uint64_t stored)
{
    struct narrow *s = live();
    s->more[1] = stored;
    struct plan *plan = must_plan(to);
    assert_false(migrations_prepare(&plan->migrations));
    assert_string_equal(plan->migrations.failed_name, "more");
    assert_true(plan->migrations.failed_word == stored);
    plan_destroy(plan);
    s->more[1] = 0;
}

static void what_has_no_new_form_of_that_type_is_refused(void **state)
{
    static const struct cell_source with_kept = NARROW(KEPT);
    static const struct cell_source wide_with_kept = WIDE(KEPT);
    static const struct cell_source wide_with_other =
        WIDE("static int kept(int a, long b) { return a + (int)b; }\n"
             "void *cell_kept(void); void *cell_kept(void) { return (void *)kept; }\n");
    (void)state;
    world_init(&w, &with_kept, 1);
    expect_no_form(&wide_with_kept, address("kept"));
    expect_no_form(&wide_with_other, address("kept"));
    expect_no_form(&wide, address("kept"));
    expect_no_form(&wide, 0x1234);
    go(&wide_with_kept);
    world_fini(&w);
}

/* The one who calls by such a pointer must not be in between. */
static void their_cell_is_coupled(void **state)
{
    static const struct cell_source before = {
        "cell", "",
        "static int one(int a) { return a + 1; }\n"
        "void *cell_one(void); void *cell_one(void) { return (void *)one; }\n"};
    static const struct cell_source after = {
        "cell", "",
        "static int one(int a, int b) { return a + b; }\n"
        "void *cell_one(void); void *cell_one(void) { return (void *)one; }\n"};
    (void)state;
    world_init(&w, &before, 1);
    struct plan *plan = must_plan(&after);
    assert_true(plan->cells[0].coupled);
    plan_destroy(plan);
    world_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_follow_there_and_back),
        cmocka_unit_test(a_revert_brings_the_old_form_of_each),
        cmocka_unit_test(what_has_no_new_form_of_that_type_is_refused),
        cmocka_unit_test(their_cell_is_coupled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
