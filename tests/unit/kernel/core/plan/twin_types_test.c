/* Tests of cells in which two files declare a type of one name, each its own.
 * SPDX-License-Identifier: MIT
 */
#include "migrate_fixture.h"

/* The other file, whose struct t lies in `u`. */
#define OTHER(form)                                                                      \
    "\fstruct t { " form " }; static struct t u = {.x = 3}; void other_keep(void);\n"    \
    "void other_keep(void) { __asm__ volatile(\"\" :: \"r\"(&u) : \"memory\"); }\n"
#define TWO(text, form)                                                                  \
    {                                                                                    \
        "cell", "", text "\n" KEEP OTHER(form)                                           \
    }

static const struct cell_source first =
    TWO("struct t { int a, b; }; static struct { struct t t[2]; int n; } s;", "long x;");
struct was {
    int a, b, c, d, n;
};

static void *other(void)
{
    return cellmem_data(home_of("u")->va);
}

static void expect_other(long value)
{
    assert_int_equal(home_of("u")->len, sizeof value);
    assert_memory_equal(other(), &value, sizeof value);
}

/* Hazard 13. Refused when celltool calls a field's type by types_text(), which has no file. */
static void a_field_says_which_file_is_meant(void **state)
{
    static const struct was was = {1, 2, 3, 4, 5};
    static const struct cell_source next = TWO(
        "struct t { int b; long more; int a; }; static struct { struct t t[2]; int n; "
        "} s;",
        "long x;");
    const struct {
        struct {
            int b;
            long more;
            int a;
        } t[2];
        int n;
    } * is;
    (void)state;
    begin(&first, &was, sizeof was);
    for (int i = 0; i < 2; i++) {
        struct plan *plan = must_plan(&next);
        assert_int_equal(plan->migrations.count, 1);
        world_commit(&w, plan);
        is = live();
        assert_int_equal(home_of("s")->len, sizeof *is);
        assert_true(is->t[0].a == 1 && is->t[0].b == 2 && is->t[0].more == 0);
        assert_true(is->t[1].a == 3 && is->t[1].b == 4 && is->n == 5);
        expect_other(3);
        world_revert(&w, plan);
        plan_destroy(plan);
        assert_memory_equal(live(), &was, sizeof was);
    }
    go(&next);
    go(&first);
    assert_memory_equal(live(), &was, sizeof was);
    world_fini(&w);
}

/* Each goes by its own. */
static void both_of_them_change(void **state)
{
    static const struct was was = {1, 2, 3, 4, 5};
    (void)state;
    begin(&first, &was, sizeof was);
    go(&(struct cell_source)TWO(
        "struct t { int b, a; }; static struct { struct t t[2]; int n; } s;",
        "int other; int x;"));
    static const struct was is = {2, 1, 4, 3, 5};
    assert_memory_equal(live(), &is, sizeof is);
    static const int now[] = {0, 3};
    assert_memory_equal(other(), now, sizeof now);
    world_fini(&w);
}

/* Files are named in one version only. */
static void a_second_one_comes_and_goes(void **state)
{
    static const struct was was = {1, 2, 3, 4, 5};
    static const struct was is = {2, 1, 4, 3, 5};
    static const struct cell_source alone =
        CELL("struct t { int a, b; }; static struct { struct t t[2]; int n; } s;");
    (void)state;
    begin(&alone, &was, sizeof was);
    struct plan *plan = must_plan(&first); /* it stays what it is */
    assert_int_equal(plan->migrations.count, 0);
    world_commit(&w, plan);
    plan_destroy(plan);
    go(&(struct cell_source)CELL(
        "static const char evolve_drops_u __attribute__((used)) = 1;"
        "struct t { int b, a; }; static struct { struct t t[2]; int n; } s;"));
    assert_memory_equal(live(), &is, sizeof is);
    go(&first);
    assert_memory_equal(live(), &was, sizeof was);
    world_fini(&w);
}

/* As heap_new() of mm/heap/typed.h leaves it. */
#define MAKES                                                                            \
    "static struct t *s; void cell_make(void); void cell_make(void) { __asm__ "          \
    "volatile(\".pushsection .neurath.heap\\n.asciz \\\"struct t\\\"\\n.popsection\"); " \
    "}\n"

/* Hazard 13. Not refused when plan_check_past() compares names with their files only: objects on the heap would be misread. */
static void a_form_changes_as_another_file_takes_its_name(void **state)
{
    (void)state;
    world_init(&w, CELLS({"cell", "", "struct t { int a, b; };" MAKES KEEP}));
    expect_refused(&w, CELLS(TWO("struct t { int b, a; };" MAKES, "long x;")), "type",
                   "cell", "struct t", NULL);
    struct plan *plan =
        must_plan(&(struct cell_source)TWO("struct t { int a, b; };" MAKES, "long x;"));
    plan_destroy(plan);
    world_fini(&w);
}

#define STATE "static const char evolve_state_t__1 __attribute__((used)) = 1;\n"

/* Marks and edges say the tag alone. Told to add edges when turns() does not ask has_twin(). */
static void what_turns_has_to_have_a_name_of_its_own(void **state)
{
    (void)state;
    world_init(&w, &first, 1);
    expect_refused(&w,
                   CELLS(TWO("struct t { int a, b; };" STATE
                             "static struct { struct t t[2]; int n; } s;",
                             "long x;")),
                   "state", "cell", NULL, NULL);
    assert_non_null(strstr(w.report.refusals[0].text, "Two files"));
    world_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_field_says_which_file_is_meant),
        cmocka_unit_test(both_of_them_change),
        cmocka_unit_test(a_second_one_comes_and_goes),
        cmocka_unit_test(a_form_changes_as_another_file_takes_its_name),
        cmocka_unit_test(what_turns_has_to_have_a_name_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
