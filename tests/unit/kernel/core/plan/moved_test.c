/* Tests of functions that move from one cell to another: callers and pointers follow.
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define DEPOT_BOTH                                                                                     \
    {                                                                                                  \
        "depot",                                                                                       \
            "", "int depot_weight(int x) { return x * 3; } int depot_price(int x) { return x * 7; }\n" \
    }
#define DEPOT_ONE                                                                        \
    {                                                                                    \
        "depot", "", "int depot_weight(int x) { return x * 3; }\n"                       \
    }
#define MARKET_FEE                                                                       \
    {                                                                                    \
        "market", "", "int market_fee(void) { return 1; }\n"                             \
    }
#define MARKET_PRICE                                                                            \
    {                                                                                           \
        "market",                                                                               \
            "", "int market_fee(void) { return 1; } int depot_price(int x) { return x * 8; }\n" \
    }
#define BUYER(uses)                                                                      \
    {                                                                                    \
        "buyer", uses,                                                                   \
            "int depot_price(int); int depot_weight(int); int (*kept)(int);\n"           \
            "int buyer_buy(int x) { kept = depot_price; return depot_price(x) + "        \
            "depot_weight(x); }\n"                                                       \
    }

static uint64_t target_of(const struct stub *s)
{
    return get_le64(cellmem_view(s->slot));
}

static uint64_t address_of(const struct world *w, const char *cell, const char *function)
{
    const struct version *v = namespace_running(&w->ns, cell);
    int64_t i = version_export(v, function);
    assert_true(i >= 0);
    return v->functions[i].va;
}

static const struct stub *price_stub(const struct world *w)
{
    for (const struct stub *s = w->ns.stubs; s; s = s->next)
        if (strcmp(s->name, "depot_price") == 0)
            return s;
    fail_msg("nobody took the address of depot_price");
    return NULL;
}

/* Hazard 8. Refused as undefined when plan_follow() looks in one cell only. */
static void callers_and_pointers_follow_to_the_other_cell(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(DEPOT_BOTH, MARKET_FEE, BUYER("depot market")));
    const struct stub *stub = price_stub(&w);
    assert_true(target_of(stub) == address_of(&w, "depot", "depot_price"));
    struct plan *plan = world_plan(&w, CELLS(DEPOT_ONE, MARKET_PRICE));
    assert_non_null(plan);
    world_commit(&w, plan);
    expect_calls(&w, "buyer", "market", "depot_price");
    expect_calls(&w, "buyer", "depot", "depot_weight");
    assert_ptr_equal(price_stub(&w), stub);
    assert_true(target_of(stub) == address_of(&w, "market", "depot_price"));
    plan_destroy(plan);
    world_fini(&w);
}

static void a_revert_leads_them_back(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(DEPOT_BOTH, MARKET_FEE, BUYER("depot market")));
    struct plan *plan = world_plan(&w, CELLS(MARKET_PRICE, DEPOT_ONE));
    assert_non_null(plan);
    world_commit(&w, plan);
    world_revert(&w, plan);
    expect_calls(&w, "buyer", "depot", "depot_price");
    assert_true(target_of(price_stub(&w)) == address_of(&w, "depot", "depot_price"));
    assert_ptr_equal(price_stub(&w)->version, namespace_running(&w.ns, "depot"));
    plan_destroy(plan);
    world_fini(&w);
}

/* There and back, forwards: each is a swap of its own, and the checker runs after each. */
static void it_moves_there_and_back(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(DEPOT_BOTH, MARKET_FEE, BUYER("depot market")));
    for (int i = 0; i < 4; i++) {
        struct plan *plan = i % 2 ? world_plan(&w, CELLS(DEPOT_BOTH, MARKET_FEE))
                                  : world_plan(&w, CELLS(DEPOT_ONE, MARKET_PRICE));
        assert_non_null(plan);
        world_commit(&w, plan);
        expect_calls(&w, "buyer", i % 2 ? "depot" : "market", "depot_price");
        plan_destroy(plan);
    }
    world_fini(&w);
}

static void the_only_function_moves_and_its_cell_goes(void **state)
{
    static const char *const depot = "depot";
    struct world w;
    struct plan *plan = NULL;
    (void)state;
    world_init(&w, CELLS({"depot", "", "int depot_price(int x) { return x * 7; }\n"},
                         {"market", "", "int depot_weight(int x) { return x; }\n"},
                         BUYER("depot market")));
    struct cell_source market = {"market", "",
                                 "int depot_weight(int x) { return x; }\n"
                                 "int depot_price(int x) { return x * 9; }\n"};
    struct plan_object object = cell_make(&market);
    assert_int_equal(plan_create(&w.ns, &object, 1, &depot, 1, &plan, &w.report),
                     STATUS_OK);
    world_commit(&w, plan);
    assert_null(namespace_running(&w.ns, "depot"));
    expect_calls(&w, "buyer", "market", "depot_price");
    assert_true(target_of(price_stub(&w)) == address_of(&w, "market", "depot_price"));
    plan_destroy(plan);
    world_fini(&w);
}

/* Not refused when plan_lookup() does not ask what the caller may use. */
static void refuses_a_caller_that_may_not_use_the_other_cell(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(DEPOT_BOTH, MARKET_FEE, BUYER("depot")));
    expect_refused(&w, CELLS(DEPOT_ONE, MARKET_PRICE), "capability", "depot",
                   "depot_price", "buyer");
    assert_non_null(strstr(w.report.refusals[0].text, "does not list market under uses"));
    world_fini(&w);
}

static void refuses_another_signature_in_the_other_cell(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(DEPOT_BOTH, MARKET_FEE, BUYER("depot market")));
    expect_refused(&w,
                   CELLS(DEPOT_ONE, {"market", "",
                                     "int market_fee(void) { return 1; }\n"
                                     "long depot_price(long x) { return x * 8; }\n"}),
                   "signature", "depot", "depot_price", "buyer");
    world_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(callers_and_pointers_follow_to_the_other_cell),
        cmocka_unit_test(a_revert_leads_them_back),
        cmocka_unit_test(it_moves_there_and_back),
        cmocka_unit_test(the_only_function_moves_and_its_cell_goes),
        cmocka_unit_test(refuses_a_caller_that_may_not_use_the_other_cell),
        cmocka_unit_test(refuses_another_signature_in_the_other_cell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
