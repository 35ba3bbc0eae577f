/* Holds: which releases they keep back, and which lift them.
 * SPDX-License-Identifier: MIT */
#include "fleet/hold.h"

#include "fixture.h"
#include "fleet/orders.h"

#include <manifest/sign.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void hold_channel(struct fixture *f)
{
    db_run(f->server.db,
           "UPDATE channel SET hold_since = 1, hold_kind = 'operator', hold_name = 'x'",
           "");
}

static void a_channel_that_is_not_held_keeps_nothing_back(void **state)
{
    struct fixture *f = *state;
    assert_false(hold_keeps_back(&f->server, f->content[3]));
}

/* Content 3 was bad and content 0 good: only c3's new object is suspect. */
static void only_suspect_objects_keep_a_release_back(void **state)
{
    struct fixture *f = *state;
    hold_channel(f);
    hold_suspect(&f->server, "", f->content[3], f->content[0]);
    assert_string_equal(fixture_value(f, "SELECT group_concat(name) FROM suspects"),
                        "c3");
    assert_true(hold_keeps_back(&f->server, f->content[3]));
    assert_false(hold_keeps_back(&f->server, f->content[4]));
    assert_false(hold_keeps_back(&f->server, f->content[0]));
}

static void a_hold_without_suspects_keeps_everything_back(void **state)
{
    struct fixture *f = *state;
    hold_channel(f);
    assert_true(hold_keeps_back(&f->server, f->content[4]));
}

static void a_release_without_suspects_lifts_the_hold(void **state)
{
    struct fixture *f = *state;
    hold_channel(f);
    hold_suspect(&f->server, "", f->content[3], f->content[0]);
    hold_lift_for(&f->server, f->content[3]);
    assert_string_equal(fixture_value(f, "SELECT hold_since FROM channel"), "1");
    hold_lift_for(&f->server, f->content[4]);
    assert_string_equal(fixture_value(f, "SELECT hold_since FROM channel"), "(null)");
    assert_string_equal(fixture_value(f, "SELECT count(*) FROM suspects"), "0");
}

static void set_order(struct fixture *f, const char *machine, const char *intent)
{
    struct order_request request = {.machine = machine,
                                    .intent = intent,
                                    .release = 1,
                                    .by_kind = "operator",
                                    .by_name = "x"};
    assert_int_equal(orders_set(&f->server, &request), RESULT_OK);
}

static void a_machines_rollback_is_lifted_and_a_pin_is_not(void **state)
{
    struct fixture *f = *state;
    set_order(f, M1, "rollback");
    hold_suspect(&f->server, M1, f->content[3], f->content[0]);
    set_order(f, M2, "pin");
    hold_lift_for(&f->server, f->content[3]);
    assert_string_equal(fixture_value(f, "SELECT count(*) FROM orders"), "2");
    hold_lift_for(&f->server, f->content[4]);
    assert_string_equal(fixture_value(f, "SELECT group_concat(intent) FROM orders"),
                        "pin");
}

static void an_orders_counter_rises_even_after_its_end(void **state)
{
    struct fixture *f = *state;
    set_order(f, M1, "rollback");
    set_order(f, M1, "pin");
    assert_string_equal(fixture_value(f, "SELECT counter FROM orders"), "2");
    orders_clear(&f->server, M1);
    set_order(f, M1, "hold");
    assert_string_equal(fixture_value(f, "SELECT counter FROM orders"), "3");
}

static void the_tree_proves_orders_and_their_absence(void **state)
{
    struct fixture *f = *state;
    struct problem problem = {"", ""};
    uint8_t root[MANIFEST_HASH_LEN];
    struct manifest_order order;
    bool present = false;
    set_order(f, M1, "rollback");
    assert_int_equal(orders_build(&f->server, &problem), RESULT_OK);
    manifest_orders_root(f->server.orders, root);
    json_t *proof = orders_prove(&f->server, M1);
    assert_int_equal(manifest_order_open(proof, M1, root, &present, &order), MANIFEST_OK);
    assert_true(present);
    assert_int_equal(order.release, 1);
    json_decref(proof);
    proof = orders_prove(&f->server, M2);
    assert_int_equal(manifest_order_open(proof, M2, root, &present, &order), MANIFEST_OK);
    assert_false(present);
    json_decref(proof);
    manifest_orders_destroy(f->server.orders);
}

#define CASE(name)                                                                       \
    cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_channel_that_is_not_held_keeps_nothing_back),
        CASE(only_suspect_objects_keep_a_release_back),
        CASE(a_hold_without_suspects_keeps_everything_back),
        CASE(a_release_without_suspects_lifts_the_hold),
        CASE(a_machines_rollback_is_lifted_and_a_pin_is_not),
        CASE(an_orders_counter_rises_even_after_its_end),
        CASE(the_tree_proves_orders_and_their_absence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
