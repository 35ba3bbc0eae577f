/* Fuzzes proofs of orders: whatever the proof, a machine with an order is never told that it has none.
 * SPDX-License-Identifier: MIT
 */
#include <manifest/sign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ORDERS = 11 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char machines[ORDERS][MANIFEST_MACHINE_LEN + 1];
static json_t *proofs[2 * ORDERS + 1];
static uint8_t root[MANIFEST_HASH_LEN];

static void set_up(void)
{
    struct manifest_order list[ORDERS];
    struct manifest_orders *orders;
    memset(list, 0, sizeof list);
    for (unsigned i = 0; i < ORDERS; i++) {
        snprintf(machines[i], sizeof machines[i], "%016x", 2 * i + 1);
        memcpy(list[i].machine, machines[i], sizeof list[i].machine);
        list[i].counter = 1;
        list[i].release = 9;
        list[i].length = 10;
    }
    if (manifest_orders_create(list, ORDERS, &orders) != MANIFEST_OK)
        abort();
    manifest_orders_root(orders, root);
    for (unsigned i = 0; i <= 2 * ORDERS; i++) {
        char machine[MANIFEST_MACHINE_LEN + 1];
        snprintf(machine, sizeof machine, "%016x", i);
        if (manifest_orders_prove(orders, machine, &proofs[i]) != MANIFEST_OK)
            abort();
    }
    manifest_orders_destroy(orders);
}

/* One leaf of a true proof, its path bent as BYTES say. */
static json_t *bent_leaf(const uint8_t bytes[4])
{
    json_t *leaves = json_object_get(proofs[bytes[0] % (2 * ORDERS + 1)], "leaves");
    json_t *leaf =
        json_deep_copy(json_array_get(leaves, bytes[1] % json_array_size(leaves)));
    json_t *path = json_object_get(leaf, "path");
    json_t *other = json_object_get(
        json_array_get(json_object_get(proofs[bytes[2] % (2 * ORDERS + 1)], "leaves"), 0),
        "path");
    if (bytes[3] & 1)
        json_array_remove(path, bytes[3] >> 4);
    if (bytes[3] & 2)
        json_array_append(path, json_array_get(other, bytes[3] >> 4));
    if (bytes[3] & 4)
        json_array_insert(path, 0, json_array_get(other, bytes[3] >> 4));
    if (bytes[3] & 8)
        json_object_set(leaf, "path", other);
    return leaf;
}

static void judge(const json_t *proof)
{
    for (unsigned i = 0; i < ORDERS; i++) {
        struct manifest_order order;
        bool present;
        if (manifest_order_open(proof, machines[i], root, &present, &order) != MANIFEST_OK)
            continue;
        if (!present || strcmp(order.machine, machines[i]) != 0 || order.release != 9)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *document;
    if (proofs[0] == NULL)
        set_up();
    if (size > 1 && data[0] & 1) {
        json_t *leaves = json_array();
        for (size_t at = 1; at + 4 <= size && at < 12; at += 4)
            json_array_append_new(leaves, bent_leaf(data + at));
        json_t *proof = json_pack("{s:o}", "leaves", leaves);
        judge(proof);
        json_decref(proof);
    } else if (size > 1 &&
               manifest_json_read(data + 1, size - 1, &document) == MANIFEST_OK) {
        judge(document);
        json_decref(document);
    }
    return 0;
}
