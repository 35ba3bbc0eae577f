/* Roots: reading, thresholds, succession.
 * SPDX-License-Identifier: MIT
 */
#include <manifest/manifest.h>

#include "frame.h"
#include "strict_json.h"
#include <manifest/signature/crypto.h>

#include <lib/base/memory.h>
#include <string.h>

static const char *const role_names[MANIFEST_ROLE_COUNT] = {"root", "release",
                                                            "timestamp"};

static int key_find(const struct manifest_root *root, const uint8_t id[MANIFEST_HASH_LEN])
{
    for (size_t i = 0; i < root->key_count; i++)
        if (memcmp(root->keys[i].id, id, MANIFEST_HASH_LEN) == 0)
            return (int)i;
    return -1;
}

/* Reads one key. A scheme that is not known makes a key that never counts. */
static enum manifest_status key_read(const char *id, const json_t *object,
                                     struct manifest_key *out)
{
    struct fields fields;
    uint8_t hash[MANIFEST_HASH_LEN];
    manifest_fields_init(&fields, object);
    const char *scheme = manifest_field_string(&fields, "scheme", MANIFEST_NAME_MAX);
    if (fields.bad || !manifest_hex_read(id, out->id, MANIFEST_HASH_LEN))
        return MANIFEST_BAD_FIELD;
    out->usable = strcmp(scheme, "ecdsa-p256") == 0;
    if (!out->usable)
        return MANIFEST_OK;
    manifest_field_hex(&fields, "public", out->public_key, MANIFEST_PUBLIC_LEN);
    if (fields.bad)
        return MANIFEST_BAD_FIELD;
    enum manifest_status status =
        manifest_hash(out->public_key, MANIFEST_PUBLIC_LEN, hash);
    if (status != MANIFEST_OK)
        return status;
    if (memcmp(hash, out->id, MANIFEST_HASH_LEN) != 0)
        return MANIFEST_BAD_FIELD;
    return manifest_crypto_check_public(out->public_key);
}

/* Reads one role. Its threshold must be within reach of the keys that count. */
static bool role_read(const struct manifest_root *root, const json_t *object,
                      struct manifest_role_rule *out)
{
    struct fields fields;
    bool seen[MANIFEST_KEYS_MAX] = {false};
    unsigned usable = 0;
    manifest_fields_init(&fields, object);
    out->threshold =
        (uint8_t)manifest_field_u64(&fields, "threshold", 1, MANIFEST_KEYS_MAX);
    const json_t *ids = manifest_field_array(&fields, "keyids", MANIFEST_KEYS_MAX);
    out->key_count = 0;
    for (size_t i = 0; !fields.bad && i < json_array_size(ids); i++) {
        const char *text = json_string_value(json_array_get(ids, i));
        uint8_t id[MANIFEST_HASH_LEN];
        if (!text || !manifest_hex_read(text, id, sizeof id))
            return false;
        int index = key_find(root, id);
        if (index < 0 || seen[index])
            return false;
        seen[index] = true;
        usable += root->keys[index].usable;
        out->key[out->key_count++] = (uint8_t)index;
    }
    return !fields.bad && usable >= out->threshold;
}

static enum manifest_status root_fields(const json_t *document, struct manifest_root *out)
{
    struct fields fields;
    const char *id;
    json_t *value;
    manifest_fields_init(&fields, document);
    if (strcmp(manifest_field_string(&fields, "type", MANIFEST_TYPE_MAX),
               MANIFEST_TYPE_ROOT) != 0)
        return MANIFEST_BAD_FIELD;
    out->version = manifest_field_u64(&fields, "version", 1, STRICT_JSON_INTEGER_MAX);
    manifest_field_hex_text(&fields, "fleet", out->fleet, MANIFEST_MACHINE_LEN);
    out->expires_ms = manifest_field_time(&fields, "expires");
    const json_t *keys = manifest_field_object(&fields, "keys");
    const json_t *roles = manifest_field_object(&fields, "roles");
    if (fields.bad || json_object_size(keys) > MANIFEST_KEYS_MAX)
        return MANIFEST_BAD_FIELD;
    json_object_foreach((json_t *)keys, id, value)
    {
        enum manifest_status status = key_read(id, value, &out->keys[out->key_count]);
        if (status != MANIFEST_OK)
            return status;
        out->key_count++;
    }
    for (int role = 0; role < MANIFEST_ROLE_COUNT; role++)
        if (!role_read(out, json_object_get(roles, role_names[role]), &out->roles[role]))
            return MANIFEST_BAD_FIELD;
    return MANIFEST_OK;
}

static enum manifest_status root_read(const struct manifest_frame *frame,
                                      struct manifest_root *out)
{
    json_t *document;
    enum manifest_status status =
        manifest_json_read(frame->payload, frame->payload_len, &document);
    if (status != MANIFEST_OK)
        return status;
    memset(out, 0, sizeof *out);
    status = root_fields(document, out);
    json_decref(document);
    return status;
}

enum manifest_status manifest_frame_verify(const struct manifest_frame *frame,
                                           const struct manifest_root *root,
                                           enum manifest_role role)
{
    const struct manifest_role_rule *rule = &root->roles[role];
    uint8_t digest[MANIFEST_HASH_LEN];
    bool counted[MANIFEST_KEYS_MAX] = {false};
    unsigned good = 0;
    enum manifest_status status = manifest_signed_digest(
        frame->type, frame->type_len, frame->payload, frame->payload_len, digest);
    if (status != MANIFEST_OK)
        return status;
    for (size_t i = 0; i < frame->signature_count && good < rule->threshold; i++) {
        struct manifest_signature signature;
        manifest_frame_signature(frame, i, &signature);
        for (unsigned k = 0; k < rule->key_count; k++) {
            const struct manifest_key *key = &root->keys[rule->key[k]];
            if (counted[k] || !key->usable ||
                memcmp(key->id, signature.keyid, MANIFEST_HASH_LEN) != 0)
                continue;
            status = manifest_crypto_verify(key->public_key, digest, signature.value);
            if (status == MANIFEST_OK) {
                counted[k] = true;
                good++;
            } else if (status != MANIFEST_BAD_SIGNATURE) {
                return status;
            }
        }
    }
    return rule->threshold > 0 && good >= rule->threshold ? MANIFEST_OK
                                                          : MANIFEST_BAD_SIGNATURE;
}

static enum manifest_status successor_check(const struct manifest_root *trusted,
                                            const struct manifest_root *next)
{
    if (memcmp(trusted->fleet, next->fleet, sizeof next->fleet) != 0)
        return MANIFEST_WRONG_FLEET;
    if (next->version <= trusted->version)
        return MANIFEST_ROLLBACK;
    return next->version == trusted->version + 1 ? MANIFEST_OK : MANIFEST_WRONG_VERSION;
}

enum manifest_status manifest_root_open(const uint8_t *bytes, size_t len,
                                        const struct manifest_root *trusted,
                                        struct manifest_root *out)
{
    struct manifest_frame frame;
    enum manifest_status status = manifest_frame_decode(bytes, len, &frame);
    if (status != MANIFEST_OK)
        return status;
    if (!manifest_frame_is(&frame, MANIFEST_TYPE_ROOT))
        return MANIFEST_WRONG_TYPE;
    if (trusted)
        status = manifest_frame_verify(&frame, trusted, MANIFEST_ROLE_ROOT);
    if (status != MANIFEST_OK)
        return status;
    struct manifest_root *next = memory_new(struct manifest_root);
    if (!next)
        return MANIFEST_NO_MEMORY;
    status = root_read(&frame, next);
    if (status == MANIFEST_OK)
        status = manifest_frame_verify(&frame, next, MANIFEST_ROLE_ROOT);
    if (status == MANIFEST_OK && trusted)
        status = successor_check(trusted, next);
    if (status == MANIFEST_OK)
        *out = *next;
    free(next);
    return status;
}

bool manifest_role_rotated(const struct manifest_root *old_root,
                           const struct manifest_root *new_root, enum manifest_role role)
{
    const struct manifest_role_rule *before = &old_root->roles[role];
    const struct manifest_role_rule *after = &new_root->roles[role];
    for (unsigned i = 0; i < before->key_count; i++) {
        const uint8_t *id = old_root->keys[before->key[i]].id;
        bool kept = false;
        for (unsigned k = 0; k < after->key_count; k++)
            kept = kept ||
                   memcmp(new_root->keys[after->key[k]].id, id, MANIFEST_HASH_LEN) == 0;
        if (!kept)
            return true;
    }
    return false;
}
