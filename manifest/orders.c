/* Orders: proofs that a machine has one, or has none, under a signed Merkle root.
 * SPDX-License-Identifier: MIT
 *
 * Leaves are sorted by machine id. A node's place is the sequence of sides from the root down, and hashing the path
 * with its sides reproduces the root only at that place. So two leaves are neighbours exactly when their paths, read
 * from the root, run together, part once as left and right, and then keep to the right and to the left: nothing can
 * lie between them. The first leaf is the one that is always left, the last the one that is always right. No count
 * and no index has to be believed.
 */
#include <manifest/manifest.h>

#include "orders.h"
#include "strict_json.h"
#include <manifest/signature/crypto.h>

#include <string.h>

enum { PATH_MAX_LEN = 64, LEAF_LEN_MAX = 1024 };

/* A leaf whose path leads to the root. sides[0] is the one next to the root; true: it is the right child. */
struct proven {
    struct manifest_order order;
    bool right[PATH_MAX_LEN];
    size_t depth;
};

static const char *const intents[] = {
    [MANIFEST_INTENT_DEPLOY] = "deploy",
    [MANIFEST_INTENT_ROLLBACK] = "rollback",
    [MANIFEST_INTENT_PIN] = "pin",
    [MANIFEST_INTENT_HOLD] = "hold",
};

const char *manifest_intent_word(enum manifest_intent intent)
{
    return (size_t)intent < sizeof intents / sizeof intents[0] ? intents[intent]
                                                               : "unknown";
}

enum manifest_status manifest_orders_leaf_hash(const char *leaf, size_t len,
                                               uint8_t out[MANIFEST_HASH_LEN])
{
    const struct crypto_piece pieces[] = {{"\0", 1}, {leaf, len}};
    return manifest_crypto_hash_pieces(pieces, 2, out);
}

enum manifest_status manifest_orders_node_hash(const uint8_t left[MANIFEST_HASH_LEN],
                                               const uint8_t right[MANIFEST_HASH_LEN],
                                               uint8_t out[MANIFEST_HASH_LEN])
{
    const struct crypto_piece pieces[] = {
        {"\1", 1}, {left, MANIFEST_HASH_LEN}, {right, MANIFEST_HASH_LEN}};
    return manifest_crypto_hash_pieces(pieces, 3, out);
}

void manifest_orders_empty_root(uint8_t out_root[MANIFEST_HASH_LEN])
{
    /* SHA-256 of nothing; no leaf and no node hashes to it, both hash at least one byte. */
    static const uint8_t empty[MANIFEST_HASH_LEN] = {
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4,
        0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
        0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55};
    memcpy(out_root, empty, sizeof empty);
}

static bool intent_read(const char *word, enum manifest_intent *out)
{
    for (size_t i = 0; i < sizeof intents / sizeof intents[0]; i++)
        if (strcmp(intents[i], word) == 0) {
            *out = (enum manifest_intent)i;
            return true;
        }
    return false;
}

enum manifest_status manifest_orders_leaf_read(const char *leaf, size_t len,
                                               struct manifest_order *out)
{
    struct manifest_order order = {0};
    struct fields fields;
    json_t *document;
    enum manifest_status status = manifest_json_read(leaf, len, &document);
    if (status != MANIFEST_OK)
        return status;
    manifest_fields_init(&fields, document);
    manifest_field_hex_text(&fields, "machine", order.machine, MANIFEST_MACHINE_LEN);
    order.counter = manifest_field_u64(&fields, "counter", 1, STRICT_JSON_INTEGER_MAX);
    const char *intent = manifest_field_string(&fields, "intent", MANIFEST_NAME_MAX);
    if (!fields.bad && !intent_read(intent, &order.intent))
        fields.bad = true;
    if (!fields.bad && order.intent != MANIFEST_INTENT_HOLD) {
        order.release = manifest_field_u64(&fields, "release", 1, STRICT_JSON_INTEGER_MAX);
        manifest_field_hex(&fields, "hash", order.hash, MANIFEST_HASH_LEN);
        order.length = manifest_field_u64(&fields, "length", 1, MANIFEST_FRAME_MAX);
    }
    if (fields.bad)
        status = MANIFEST_BAD_FIELD;
    else
        *out = order;
    json_decref(document);
    return status;
}

/* Hashes from the leaf up to the root, noting the sides. */
static enum manifest_status path_check(const json_t *path, uint8_t hash[MANIFEST_HASH_LEN],
                                       const uint8_t root[MANIFEST_HASH_LEN],
                                       struct proven *out)
{
    size_t depth = json_array_size(path);
    if (!json_is_array(path) || depth > PATH_MAX_LEN)
        return MANIFEST_BAD_PROOF;
    for (size_t i = 0; i < depth; i++) {
        const char *step = json_string_value(json_array_get(path, i));
        uint8_t sibling[MANIFEST_HASH_LEN];
        if (!step || (step[0] != 'L' && step[0] != 'R') ||
            !manifest_hex_read(step + 1, sibling, sizeof sibling))
            return MANIFEST_BAD_PROOF;
        bool right = step[0] == 'L'; /* a sibling on the left: we are the right child */
        out->right[depth - 1 - i] = right;
        enum manifest_status status =
            right ? manifest_orders_node_hash(sibling, hash, hash)
                  : manifest_orders_node_hash(hash, sibling, hash);
        if (status != MANIFEST_OK)
            return status;
    }
    out->depth = depth;
    return memcmp(hash, root, MANIFEST_HASH_LEN) == 0 ? MANIFEST_OK : MANIFEST_BAD_PROOF;
}

static enum manifest_status leaf_check(const json_t *object,
                                       const uint8_t root[MANIFEST_HASH_LEN],
                                       struct proven *out)
{
    struct fields fields;
    uint8_t hash[MANIFEST_HASH_LEN];
    manifest_fields_init(&fields, object);
    const char *leaf = manifest_field_string(&fields, "leaf", LEAF_LEN_MAX);
    const json_t *path = manifest_field_array(&fields, "path", PATH_MAX_LEN);
    if (fields.bad)
        return MANIFEST_BAD_PROOF;
    enum manifest_status status = manifest_orders_leaf_hash(leaf, strlen(leaf), hash);
    if (status == MANIFEST_OK)
        status = path_check(path, hash, root, out);
    if (status == MANIFEST_OK)
        status = manifest_orders_leaf_read(leaf, strlen(leaf), &out->order);
    return status;
}

/* Whether the path keeps to one side from step FROM down to the leaf. */
static bool keeps_to(const struct proven *leaf, size_t from, bool right)
{
    for (size_t i = from; i < leaf->depth; i++)
        if (leaf->right[i] != right)
            return false;
    return true;
}

static bool are_neighbours(const struct proven *left, const struct proven *right)
{
    size_t common = 0;
    while (common < left->depth && common < right->depth &&
           left->right[common] == right->right[common])
        common++;
    return common < left->depth && common < right->depth && !left->right[common] &&
           right->right[common] && keeps_to(left, common + 1, true) &&
           keeps_to(right, common + 1, false);
}

/* Whether the COUNT leaves show that MACHINE has none. */
static bool shows_absence(const struct proven *leaves, size_t count, const char *machine)
{
    if (count == 1) {
        int order = strcmp(leaves[0].order.machine, machine);
        return (order > 0 && keeps_to(&leaves[0], 0, false)) ||
               (order < 0 && keeps_to(&leaves[0], 0, true));
    }
    return count == 2 && strcmp(leaves[0].order.machine, machine) < 0 &&
           strcmp(leaves[1].order.machine, machine) > 0 &&
           are_neighbours(&leaves[0], &leaves[1]);
}

enum manifest_status manifest_order_open(const json_t *proof, const char *machine,
                                         const uint8_t orders_root[MANIFEST_HASH_LEN],
                                         bool *out_present, struct manifest_order *out)
{
    struct proven leaves[2];
    uint8_t empty[MANIFEST_HASH_LEN];
    const json_t *array = json_object_get(proof, "leaves");
    size_t count = json_array_size(array);
    if (!json_is_array(array) || count > 2)
        return MANIFEST_BAD_PROOF;
    if (count == 0) {
        manifest_orders_empty_root(empty);
        if (memcmp(empty, orders_root, sizeof empty) != 0)
            return MANIFEST_BAD_PROOF;
        *out_present = false;
        return MANIFEST_OK;
    }
    for (size_t i = 0; i < count; i++) {
        enum manifest_status status =
            leaf_check(json_array_get(array, i), orders_root, &leaves[i]);
        if (status != MANIFEST_OK)
            return status;
    }
    if (count == 1 && strcmp(leaves[0].order.machine, machine) == 0) {
        *out = leaves[0].order;
        *out_present = true;
        return MANIFEST_OK;
    }
    if (!shows_absence(leaves, count, machine))
        return MANIFEST_BAD_PROOF;
    *out_present = false;
    return MANIFEST_OK;
}
