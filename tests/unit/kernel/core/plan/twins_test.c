/* Tests of cells in which functions of two files share a name.
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define FILE_OF(letter, body)                                                            \
    "static int step(int x) { return x " body "; }\n"                                    \
    "int (*pair_" letter "(void))(int) { return step; }\n"
#define PAIR(a, b)                                                                       \
    {                                                                                    \
        "pair", "", FILE_OF("a", a) "\f" FILE_OF("b", b)                                 \
    }

/* Lends the function that pair_a() or pair_b() of the running version gives: its address is
 * the only one that the text of that function refers to. */
static const struct stub *stub_given_by(const struct world *w, const char *name)
{
    const struct version *v = namespace_running(&w->ns, "pair");
    int64_t index = version_export(v, name);
    assert_true(index >= 0);
    const struct function *f = &v->functions[index];
    for (uint64_t at = f->va; at + 4 <= f->va + f->len; at++) {
        uint64_t value = (uint64_t)(int32_t)get_le32(cellmem_view(at));
        for (const struct stub *s = w->ns.stubs; s; s = s->next)
            if (s->va == value)
                return s;
    }
    fail_msg("%s takes no address", name);
    return NULL;
}

static uint64_t target_of(const struct stub *s)
{
    return get_le64(cellmem_view(s->slot));
}

/* Hazards 1 and 7. Fails when resolve_taken() gives the function itself, and when number_twins() does not count. */
static void two_statics_of_one_name_have_two_stubs(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(PAIR("+ 1", "* 2")));
    const struct stub *a = stub_given_by(&w, "pair_a");
    const struct stub *b = stub_given_by(&w, "pair_b");
    assert_ptr_not_equal(a, b);
    assert_true(target_of(a) != target_of(b));
    world_fini(&w);
}

static void each_is_compared_with_its_own_past(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(PAIR("+ 1", "* 2")));
    const struct stub *a = stub_given_by(&w, "pair_a");
    const struct stub *b = stub_given_by(&w, "pair_b");
    struct plan *plan = world_plan(&w, CELLS(PAIR("+ 1", "* 3")));
    assert_non_null(plan);
    assert_int_equal(plan->cells[0].functions_changed, 1);
    assert_int_equal(plan->cells[0].functions_added, 0);
    world_commit(&w, plan);
    assert_ptr_equal(stub_given_by(&w, "pair_a"), a);
    assert_ptr_equal(stub_given_by(&w, "pair_b"), b);
    const struct version *v = namespace_running(&w.ns, "pair");
    assert_true(target_of(a) == v->functions[a->function].va);
    assert_true(target_of(b) == v->functions[b->function].va);
    assert_true(target_of(a) != target_of(b));
    plan_destroy(plan);
    world_fini(&w);
}

/* Hazard 7. Not refused without check_twins(). */
static void refuses_one_more_of_a_name_that_is_pointed_to(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(PAIR("+ 1", "* 2")));
    expect_refused(
        &w,
        CELLS({"pair", "",
               FILE_OF("c", "- 1") "\f" FILE_OF("a", "+ 1") "\f" FILE_OF("b", "* 2")}),
        "ambiguous", "pair", "step", NULL);
    world_fini(&w);
}

#define RENAMED                                                                          \
    {                                                                                    \
        "pair", "",                                                                      \
            "static int left(int x) { return x + 1; }\n"                                 \
            "int (*pair_a(void))(int) { return left; }\n\f"                              \
            "static int right(int x) { return x * 2; }\n"                                \
            "int (*pair_b(void))(int) { return right; }\n"                               \
    }

/* Who is refused has to be able to do something. Pointers lead to the old text then, and forward again when both are back. Not
 * let through when check_twins() refuses each other number, and not back when it asks the running version how many they were. */
static void all_of_a_name_may_be_renamed_at_once(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(PAIR("+ 1", "* 2")));
    const struct stub *a = stub_given_by(&w, "pair_a");
    uint64_t target = target_of(a);
    struct plan *plan = world_plan(&w, CELLS(RENAMED));
    assert_non_null(plan);
    world_commit(&w, plan);
    plan_destroy(plan);
    assert_true(target_of(a) == target);
    assert_ptr_not_equal(stub_given_by(&w, "pair_a"), a);
    expect_refused(
        &w,
        CELLS({"pair", "",
               FILE_OF("a", "+ 1") "\f" FILE_OF("b", "* 2") "\f" FILE_OF("c", "- 1")}),
        "ambiguous", "pair", "step", NULL);
    plan = world_plan(&w, CELLS(PAIR("+ 1", "* 2")));
    assert_non_null(plan);
    world_commit(&w, plan);
    plan_destroy(plan);
    assert_ptr_equal(stub_given_by(&w, "pair_a"), a);
    assert_true(target_of(a) ==
                namespace_running(&w.ns, "pair")->functions[a->function].va);
    world_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_statics_of_one_name_have_two_stubs),
        cmocka_unit_test(each_is_compared_with_its_own_past),
        cmocka_unit_test(refuses_one_more_of_a_name_that_is_pointed_to),
        cmocka_unit_test(all_of_a_name_may_be_renamed_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
