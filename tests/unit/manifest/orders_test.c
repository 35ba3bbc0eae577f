/* Proofs of presence and absence, for trees of every small size, and against every lie that can be told with them.
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

enum { COUNT_MAX = 33 };

/* Order I is for machine 2i+1, so that every even number is absent. */
static struct manifest_orders *tree(size_t count, uint8_t root[MANIFEST_HASH_LEN])
{
    static struct manifest_order list[COUNT_MAX];
    struct manifest_orders *orders;
    for (size_t i = 0; i < count; i++) {
        size_t shuffled = (i * 7) % count;
        if (count % 7 == 0)
            shuffled = i;
        list[i] = (struct manifest_order){.counter = i + 1, .release = 5, .length = 100};
        snprintf(list[i].machine, sizeof list[i].machine, "%016zx", 2 * shuffled + 1);
    }
    assert_status(MANIFEST_OK, manifest_orders_create(list, count, &orders));
    manifest_orders_root(orders, root);
    return orders;
}

static json_t *proof_of(const struct manifest_orders *orders, size_t number)
{
    char machine[17];
    json_t *proof;
    snprintf(machine, sizeof machine, "%016zx", number);
    assert_status(MANIFEST_OK, manifest_orders_prove(orders, machine, &proof));
    return proof;
}

static enum manifest_status open_for(const json_t *proof, size_t number,
                                     const uint8_t *root, bool *present,
                                     struct manifest_order *order)
{
    char machine[17];
    snprintf(machine, sizeof machine, "%016zx", number);
    return manifest_order_open(proof, machine, root, present, order);
}

static void proves_presence_and_absence_in_trees_of_every_size(void **state)
{
    (void)state;
    for (size_t count = 0; count <= COUNT_MAX; count++) {
        uint8_t root[MANIFEST_HASH_LEN];
        struct manifest_orders *orders = tree(count, root);
        for (size_t number = 0; number <= 2 * count; number++) {
            struct manifest_order order;
            bool present;
            json_t *proof = proof_of(orders, number);
            assert_status(MANIFEST_OK, open_for(proof, number, root, &present, &order));
            assert_int_equal(number % 2, present);
            if (present)
                assert_int_equal(order.release, 5);
            json_decref(proof);
        }
        manifest_orders_destroy(orders);
    }
}

static void withholds_no_order_by_any_other_machines_proof(void **state)
{
    (void)state;
    for (size_t count = 1; count <= 17; count++) {
        uint8_t root[MANIFEST_HASH_LEN];
        struct manifest_orders *orders = tree(count, root);
        for (size_t shown = 0; shown <= 2 * count; shown++)
            for (size_t asked = 1; asked <= 2 * count; asked += 2) {
                struct manifest_order order;
                bool present = true;
                json_t *proof = proof_of(orders, shown);
                enum manifest_status status =
                    open_for(proof, asked, root, &present, &order);
                assert_true(status == MANIFEST_BAD_PROOF ||
                            (status == MANIFEST_OK && present));
                json_decref(proof);
            }
        manifest_orders_destroy(orders);
    }
}

/* Two leaves that are not neighbours, for a machine between them. */
static void refuses_two_leaves_with_one_between(void **state)
{
    (void)state;
    for (size_t count = 3; count <= COUNT_MAX; count++) {
        uint8_t root[MANIFEST_HASH_LEN];
        struct manifest_orders *orders = tree(count, root);
        for (size_t i = 0; i + 2 < count; i++) {
            struct manifest_order order;
            bool present;
            json_t *left = proof_of(orders, 2 * i + 1);
            json_t *right = proof_of(orders, 2 * (i + 2) + 1);
            json_array_append(json_object_get(left, "leaves"),
                              json_array_get(json_object_get(right, "leaves"), 0));
            assert_status(MANIFEST_BAD_PROOF,
                          open_for(left, 2 * i + 3, root, &present, &order));
            json_decref(left);
            json_decref(right);
        }
        manifest_orders_destroy(orders);
    }
}

static void refuses_an_altered_leaf_path_or_root(void **state)
{
    (void)state;
    uint8_t root[MANIFEST_HASH_LEN];
    struct manifest_orders *orders = tree(6, root);
    struct manifest_order order;
    bool present;
    json_t *proof = proof_of(orders, 5);
    json_t *leaf = json_array_get(json_object_get(proof, "leaves"), 0);
    json_t *path = json_object_get(leaf, "path");
    root[0] ^= 1;
    assert_status(MANIFEST_BAD_PROOF, open_for(proof, 5, root, &present, &order));
    root[0] ^= 1;
    json_t *first = json_incref(json_array_get(path, 0));
    json_array_remove(path, 0);
    assert_status(MANIFEST_BAD_PROOF, open_for(proof, 5, root, &present, &order));
    json_array_insert_new(path, 0, first);
    assert_status(MANIFEST_OK, open_for(proof, 5, root, &present, &order));
    char text[300];
    snprintf(text, sizeof text, "%s ", json_string_value(json_object_get(leaf, "leaf")));
    json_object_set_new(leaf, "leaf", json_string(text));
    assert_status(MANIFEST_BAD_PROOF, open_for(proof, 5, root, &present, &order));
    json_decref(proof);
    manifest_orders_destroy(orders);
}

static void an_empty_answer_proves_nothing_in_a_tree_with_orders(void **state)
{
    (void)state;
    uint8_t root[MANIFEST_HASH_LEN];
    struct manifest_orders *orders = tree(2, root);
    struct manifest_order order;
    bool present;
    json_t *none = fixture_no_orders();
    assert_status(MANIFEST_BAD_PROOF, open_for(none, 2, root, &present, &order));
    assert_status(MANIFEST_BAD_PROOF, open_for(NULL, 2, root, &present, &order));
    json_decref(none);
    manifest_orders_destroy(orders);
}

static void refuses_two_orders_for_one_machine(void **state)
{
    (void)state;
    struct manifest_order list[2] = {
        {.machine = FIXTURE_MACHINE, .counter = 1, .intent = MANIFEST_INTENT_HOLD},
        {.machine = FIXTURE_MACHINE, .counter = 2, .intent = MANIFEST_INTENT_HOLD}};
    struct manifest_orders *orders;
    assert_status(MANIFEST_BAD_FIELD, manifest_orders_create(list, 2, &orders));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proves_presence_and_absence_in_trees_of_every_size),
        cmocka_unit_test(withholds_no_order_by_any_other_machines_proof),
        cmocka_unit_test(refuses_two_leaves_with_one_between),
        cmocka_unit_test(refuses_an_altered_leaf_path_or_root),
        cmocka_unit_test(an_empty_answer_proves_nothing_in_a_tree_with_orders),
        cmocka_unit_test(refuses_two_orders_for_one_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
