/* The tree of orders and its proofs, for hosts.
 * SPDX-License-Identifier: MIT
 *
 * Levels are kept, from the leaves up; a node without a partner moves up as it is. So the shape is that of RFC 6962,
 * and a proof is a walk up the levels.
 */
#include <manifest/sign.h>

#include "orders.h"
#include "strict_json.h"

#include <stdlib.h>
#include <string.h>

enum { LEVELS_MAX = 40 };

struct manifest_orders {
    size_t count;
    char **leaves; /* texts, by machine */
    char (*machines)[MANIFEST_MACHINE_LEN + 1];
    size_t level_count;
    size_t widths[LEVELS_MAX];
    uint8_t (*levels[LEVELS_MAX])[MANIFEST_HASH_LEN];
};

static enum manifest_status leaf_text(const struct manifest_order *order, char **out)
{
    char hash[2 * MANIFEST_HASH_LEN + 1];
    struct manifest_order read;
    bool hold = order->intent == MANIFEST_INTENT_HOLD;
    manifest_hex_write(order->hash, MANIFEST_HASH_LEN, hash);
    json_t *object = json_pack("{s:s, s:s, s:I}", "machine", order->machine, "intent",
                               manifest_intent_word(order->intent), "counter",
                               (json_int_t)order->counter);
    if (!object)
        return MANIFEST_NO_MEMORY;
    int error = json_object_set_new(
        object, "release", hold ? json_null() : json_integer((json_int_t)order->release));
    error |= json_object_set_new(object, "hash", hold ? json_null() : json_string(hash));
    error |= json_object_set_new(
        object, "length", hold ? json_null() : json_integer((json_int_t)order->length));
    char *text = error ? NULL : json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(object);
    if (!text)
        return MANIFEST_NO_MEMORY;
    enum manifest_status status = manifest_orders_leaf_read(text, strlen(text), &read);
    if (status == MANIFEST_OK)
        *out = text;
    else
        free(text);
    return status;
}

static int order_compare(const void *left, const void *right)
{
    const struct manifest_order *const *a = left;
    const struct manifest_order *const *b = right;
    return strcmp((*a)->machine, (*b)->machine);
}

/* Hashes level after level until one node is left. */
static enum manifest_status levels_build(struct manifest_orders *orders)
{
    for (orders->level_count = 1; orders->widths[orders->level_count - 1] > 1;
         orders->level_count++) {
        size_t level = orders->level_count;
        size_t below = orders->widths[level - 1];
        const uint8_t(*nodes)[MANIFEST_HASH_LEN] = orders->levels[level - 1];
        orders->widths[level] = (below + 1) / 2;
        orders->levels[level] = calloc(orders->widths[level], MANIFEST_HASH_LEN);
        if (!orders->levels[level])
            return MANIFEST_NO_MEMORY;
        for (size_t i = 0; i < below; i += 2) {
            uint8_t *out = orders->levels[level][i / 2];
            if (i + 1 == below) {
                memcpy(out, nodes[i], MANIFEST_HASH_LEN);
                continue;
            }
            enum manifest_status status =
                manifest_orders_node_hash(nodes[i], nodes[i + 1], out);
            if (status != MANIFEST_OK)
                return status;
        }
    }
    return MANIFEST_OK;
}

static enum manifest_status leaves_build(struct manifest_orders *orders,
                                         const struct manifest_order **sorted)
{
    for (size_t i = 0; i < orders->count; i++) {
        if (i > 0 && strcmp(sorted[i - 1]->machine, sorted[i]->machine) == 0)
            return MANIFEST_BAD_FIELD;
        enum manifest_status status = leaf_text(sorted[i], &orders->leaves[i]);
        if (status == MANIFEST_OK)
            status = manifest_orders_leaf_hash(
                orders->leaves[i], strlen(orders->leaves[i]), orders->levels[0][i]);
        if (status != MANIFEST_OK)
            return status;
        memcpy(orders->machines[i], sorted[i]->machine, sizeof orders->machines[i]);
    }
    return MANIFEST_OK;
}

enum manifest_status manifest_orders_create(const struct manifest_order *list,
                                            size_t count, struct manifest_orders **out)
{
    size_t room = count ? count : 1;
    enum manifest_status status = MANIFEST_NO_MEMORY;
    struct manifest_orders *orders = calloc(1, sizeof *orders);
    const struct manifest_order **sorted = calloc(room, sizeof *sorted);
    if (!orders || !sorted)
        goto fail;
    orders->count = count;
    orders->leaves = calloc(room, sizeof *orders->leaves);
    orders->machines = calloc(room, sizeof *orders->machines);
    orders->levels[0] = calloc(room, MANIFEST_HASH_LEN);
    orders->widths[0] = count;
    orders->level_count = 1;
    if (!orders->leaves || !orders->machines || !orders->levels[0])
        goto fail;
    for (size_t i = 0; i < count; i++)
        sorted[i] = &list[i];
    qsort(sorted, count, sizeof *sorted, order_compare);
    status = leaves_build(orders, sorted);
    if (status == MANIFEST_OK)
        status = levels_build(orders);
    if (status != MANIFEST_OK)
        goto fail;
    free(sorted);
    *out = orders;
    return MANIFEST_OK;
fail:
    free(sorted);
    manifest_orders_destroy(orders);
    return status;
}

void manifest_orders_destroy(struct manifest_orders *orders)
{
    if (!orders)
        return;
    for (size_t i = 0; orders->leaves && i < orders->count; i++)
        free(orders->leaves[i]);
    for (size_t i = 0; i < LEVELS_MAX; i++)
        free(orders->levels[i]);
    free(orders->leaves);
    free(orders->machines);
    free(orders);
}

void manifest_orders_root(const struct manifest_orders *orders,
                          uint8_t out_root[MANIFEST_HASH_LEN])
{
    if (orders->count == 0)
        manifest_orders_empty_root(out_root);
    else
        memcpy(out_root, orders->levels[orders->level_count - 1][0], MANIFEST_HASH_LEN);
}

/* Leaf INDEX with its path; NULL: no memory. */
static json_t *leaf_proof(const struct manifest_orders *orders, size_t index)
{
    json_t *path = json_array();
    size_t at = index;
    for (size_t level = 0; level + 1 < orders->level_count; level++, at /= 2) {
        char step[1 + 2 * MANIFEST_HASH_LEN + 1];
        size_t sibling = at ^ 1;
        if (sibling >= orders->widths[level])
            continue;
        step[0] = sibling < at ? 'L' : 'R';
        manifest_hex_write(orders->levels[level][sibling], MANIFEST_HASH_LEN, step + 1);
        if (json_array_append_new(path, json_string(step)) != 0) {
            json_decref(path);
            return NULL;
        }
    }
    return json_pack("{s:s, s:o}", "leaf", orders->leaves[index], "path", path);
}

enum manifest_status manifest_orders_prove(const struct manifest_orders *orders,
                                           const char *machine, json_t **out)
{
    size_t low = 0;
    size_t high = orders->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(orders->machines[middle], machine) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    bool present = low < orders->count && strcmp(orders->machines[low], machine) == 0;
    size_t first = present || low == 0 ? low : low - 1;
    size_t end = low < orders->count ? low + 1 : low;
    json_t *leaves = json_array();
    for (size_t i = first; i < end; i++)
        if (json_array_append_new(leaves, leaf_proof(orders, i)) != 0) {
            json_decref(leaves);
            return MANIFEST_NO_MEMORY;
        }
    json_t *proof = json_pack("{s:o}", "leaves", leaves);
    if (!proof)
        return MANIFEST_NO_MEMORY;
    *out = proof;
    return MANIFEST_OK;
}
