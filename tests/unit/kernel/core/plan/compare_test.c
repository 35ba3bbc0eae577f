/* Tests of which functions count as the same in two versions (hazard 6). Only in those may a task's frame go on in new text.
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

/* The compiler makes a table of its own for each of these, and text that is equal whatever lies in it. */
#define NUMBERS(last)                                                                    \
    {                                                                                    \
        "table", "",                                                                     \
            "int table_number(unsigned i) { switch (i) { case 0: return 10; case 1: "    \
            "return 31; case 2: return 7; case 3: return 500; case 4: return " last      \
            "; default: return 0; } }\n"                                                 \
    }
#define WORDS(last)                                                                      \
    {                                                                                    \
        "table", "",                                                                     \
            "const char *table_word(unsigned i) { switch (i) { case 0: return \"no\"; "  \
            "case 1: return \"may\"; case 2: return \"be\"; case 3: return \"so\"; "     \
            "case 4: return \"" last "\"; default: return \"?\"; } }\n"                  \
    }
#define LITERALS(first, second)                                                          \
    {                                                                                    \
        "text", "",                                                                      \
            "const char *text_one(void) { return \"" first "\"; }\n"                     \
            "const char *text_two(void) { return \"" second "\"; }\n"                    \
    }

/* Says whether FUNCTION of the one cell of NOW is the same as in WAS. */
static bool is_same(const struct cell_source *was, const struct cell_source *now,
                    const char *function)
{
    struct world w;
    world_init(&w, was, 1);
    struct plan *plan = world_plan(&w, now, 1);
    assert_non_null(plan);
    const struct version *old = plan->cells[0].old;
    int64_t f = version_export(old, function);
    assert_true(f >= 0);
    bool same = plan_same_function(old, &old->functions[f], plan->cells[0].fresh) != NULL;
    assert_int_equal(plan->cells[0].functions_changed, old->function_count == 1 && !same);
    plan_destroy(plan);
    world_fini(&w);
    return same;
}

/* Without the whole table (only the literal up to its first zero byte is compared) the last number is not seen. */
static void a_table_behind_a_switch_belongs_to_its_function(void **state)
{
    const struct cell_source a = NUMBERS("12");
    const struct cell_source b = NUMBERS("13");
    (void)state;
    assert_false(is_same(&a, &b, "table_number"));
}

/* Without what the table's words lead to it is all zeros in both. */
static void so_does_a_table_of_texts(void **state)
{
    const struct cell_source a = WORDS("then");
    const struct cell_source b = WORDS("else");
    (void)state;
    assert_false(is_same(&a, &b, "table_word"));
}

/* Gives how many functions of WAS and NOW differ. */
static uint32_t count_changed(const struct cell_source *was, const struct cell_source *now)
{
    struct world w;
    world_init(&w, was, 1);
    struct plan *plan = world_plan(&w, now, 1);
    assert_non_null(plan);
    uint32_t changed = plan->cells[0].functions_changed;
    plan_destroy(plan);
    world_fini(&w);
    return changed;
}

/* Without same_literal() the text of text_one() is the same. */
static void a_literal_belongs_to_its_function(void **state)
{
    const struct cell_source a = LITERALS("one", "two");
    const struct cell_source b = LITERALS("eno", "two");
    (void)state;
    assert_int_equal(count_changed(&a, &b), 1);
}

/* Without ends_within() what lies behind a literal counts too. */
static void its_neighbours_do_not(void **state)
{
    const struct cell_source a = LITERALS("one", "two");
    const struct cell_source b = LITERALS("one", "three");
    const struct cell_source c = LITERALS("another one", "two");
    (void)state;
    assert_int_equal(count_changed(&a, &b), 1);
    assert_int_equal(count_changed(&a, &c), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_behind_a_switch_belongs_to_its_function),
        cmocka_unit_test(so_does_a_table_of_texts),
        cmocka_unit_test(a_literal_belongs_to_its_function),
        cmocka_unit_test(its_neighbours_do_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
