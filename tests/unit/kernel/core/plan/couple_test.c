/* Tests of coupled sets: functions that change their form together with all who call them (hazards 12, 29).
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#define COUNTER                                                                          \
    {                                                                                    \
        "counter", "",                                                                   \
            "static long count = 5; long counter_next(void) { return ++count; }\n"       \
            "long counter_peek(void) { return count; }\n"                                \
    }
#define COUNTER_BY                                                                       \
    {                                                                                    \
        "counter", "",                                                                   \
            "static long count = 5; long counter_next(long by) { return count += by; "   \
            "}\n"                                                                        \
            "long counter_peek(void) { return count; }\n"                                \
    }
#define CALLER                                                                                             \
    {                                                                                                      \
        "caller",                                                                                          \
            "counter", "long counter_next(void); long caller_twice(void) { return counter_next() * 2; }\n" \
    }
#define CALLER_BY                                                                                           \
    {                                                                                                       \
        "caller",                                                                                           \
            "counter", "long counter_next(long); long caller_twice(void) { return counter_next(4) * 2; }\n" \
    }
#define PEEKER(by)                                                                                              \
    {                                                                                                           \
        "peeker",                                                                                               \
            "counter", "long counter_peek(void); long peeker_twice(void) { return counter_peek() * " by "; }\n" \
    }

static const struct plan_cell *cell_of(const struct plan *plan, const char *name)
{
    for (uint32_t i = 0; i < plan->cell_count; i++)
        if (strcmp(plan->cells[i].name, name) == 0)
            return &plan->cells[i];
    return NULL;
}

/* Hazard 12. Without couple_functions() nobody is drained. */
static void caller_and_callee_are_coupled(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(COUNTER, CALLER, PEEKER("2")));
    const struct version *old_caller = namespace_running(&w.ns, "caller");
    const struct version *old_counter = namespace_running(&w.ns, "counter");
    struct plan *plan = world_plan(&w, CELLS(COUNTER_BY, CALLER_BY));
    assert_non_null(plan);
    assert_true(plan_coupled(plan));
    assert_true(cell_of(plan, "counter")->coupled && cell_of(plan, "caller")->coupled);
    assert_int_equal(cell_of(plan, "counter")->class, PLAN_SIGNATURE);
    assert_int_equal(cell_of(plan, "caller")->class, PLAN_TEXT);
    world_commit(&w, plan);
    expect_calls(&w, "caller", "counter", "counter_next");
    expect_calls(&w, "peeker", "counter", "counter_peek");
    assert_ptr_equal(old_caller->imports[0].provider, old_counter);
    plan_destroy(plan);
    world_fini(&w);
}

static void a_revert_of_a_coupled_set_restores_every_byte(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(COUNTER, CALLER, PEEKER("2")));
    expect_undone(&w, CELLS(COUNTER_BY, CALLER_BY, PEEKER("3")));
    world_fini(&w);
}

/* Its old text is not drained, so it must not go on in the old text of those that are. */
static void old_text_that_is_not_coupled_follows_into_new_text(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(COUNTER, CALLER, PEEKER("2")));
    const struct version *old_peeker = namespace_running(&w.ns, "peeker");
    struct plan *plan = world_plan(&w, CELLS(COUNTER_BY, CALLER_BY, PEEKER("3")));
    assert_false(cell_of(plan, "peeker")->coupled);
    world_commit(&w, plan);
    assert_ptr_equal(old_peeker->imports[0].provider,
                     namespace_running(&w.ns, "counter"));
    plan_destroy(plan);
    world_fini(&w);
}

/* A version from before, with a task in it perhaps, calls the form that it knows. */
static void an_older_version_keeps_the_old_form(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(COUNTER, CALLER));
    const struct version *oldest = namespace_running(&w.ns, "caller");
    struct plan *plan = world_plan(
        &w, CELLS({"caller", "counter",
                   "long counter_next(void);\n"
                   "long caller_twice(void) { return counter_next() * 3; }\n"}));
    world_commit(&w, plan);
    plan_destroy(plan);
    const struct version *old_counter = namespace_running(&w.ns, "counter");
    plan = world_plan(&w, CELLS(COUNTER_BY, CALLER_BY));
    assert_non_null(plan);
    world_commit(&w, plan);
    assert_ptr_equal(oldest->imports[0].provider, old_counter);
    plan_destroy(plan);
    world_fini(&w);
}

static void a_form_that_nobody_uses_couples_nobody(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(COUNTER, PEEKER("2")));
    struct plan *plan = world_plan(&w, CELLS(COUNTER_BY));
    assert_non_null(plan);
    assert_false(plan_coupled(plan));
    assert_int_equal(plan->cells[0].class, PLAN_SIGNATURE);
    plan_destroy(plan);
    world_fini(&w);
}

/* Nobody calls it by name, but somebody may have its address. */
static void a_taken_address_couples_its_cell(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS({"giver", "",
                          "int giver_one(int x) { return x; }\n"
                          "void *giver_take(void) { return (void *)giver_one; }\n"}));
    struct plan *plan =
        world_plan(&w, CELLS({"giver", "",
                              "int giver_one(int x, int y) { return x + y; }\n"
                              "void *giver_take(void) { return (void *)giver_one; }\n"}));
    assert_non_null(plan);
    assert_true(plan_coupled(plan));
    plan_destroy(plan);
    world_fini(&w);
}

static void refuses_one_of_two_callers(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(COUNTER, CALLER,
                         {"other", "counter",
                          "long counter_next(void); long other_x(void) { return "
                          "counter_next(); }\n"}));
    expect_refused(&w, CELLS(COUNTER_BY, CALLER_BY), "signature", "counter",
                   "counter_next", "other");
    world_fini(&w);
}

static void refuses_a_caller_in_assembly(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(COUNTER, {"glue", "counter",
                                   "void glue_x(void) { __asm__ volatile(\"call "
                                   "counter_next\" ::: \"memory\"); }\n"}));
    expect_refused(&w, CELLS(COUNTER_BY), "signature", "counter", "counter_next", "glue");
    world_fini(&w);
}

/* The same bytes, but the call has another form: code cannot go on in it. Hazard 6.
 * Without same_relocations() the two calls are one. */
static void the_form_of_a_call_counts_when_functions_are_compared(void **state)
{
    static const char *const text[] = {
        "long counter_next(void); long caller_twice(long x) { return counter_next(); }\n",
        "long counter_next(long); long caller_twice(long x) { return counter_next(x); "
        "}\n"};
    struct world w;
    (void)state;
    world_init(&w, CELLS(COUNTER, {"caller", "counter", text[0]}));
    struct plan *plan = world_plan(&w, CELLS(COUNTER_BY, {"caller", "counter", text[1]}));
    assert_non_null(plan);
    const struct plan_cell *caller = cell_of(plan, "caller");
    int64_t f = version_export(caller->old, "caller_twice");
    assert_null(plan_same_function(caller->old, &caller->old->functions[f], caller->fresh));
    const struct plan_cell *counter = cell_of(plan, "counter");
    f = version_export(counter->old, "counter_peek");
    assert_non_null(
        plan_same_function(counter->old, &counter->old->functions[f], counter->fresh));
    plan_destroy(plan);
    world_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(caller_and_callee_are_coupled),
        cmocka_unit_test(a_revert_of_a_coupled_set_restores_every_byte),
        cmocka_unit_test(old_text_that_is_not_coupled_follows_into_new_text),
        cmocka_unit_test(an_older_version_keeps_the_old_form),
        cmocka_unit_test(a_form_that_nobody_uses_couples_nobody),
        cmocka_unit_test(a_taken_address_couples_its_cell),
        cmocka_unit_test(refuses_one_of_two_callers),
        cmocka_unit_test(refuses_a_caller_in_assembly),
        cmocka_unit_test(the_form_of_a_call_counts_when_functions_are_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
