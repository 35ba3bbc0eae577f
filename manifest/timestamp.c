/* Timestamps and answers to a nonce.
 * SPDX-License-Identifier: MIT
 */
#include <manifest/manifest.h>

#include "frame.h"
#include "strict_json.h"

#include <string.h>

/* Decodes, verifies by the timestamp role, parses. GIVES *out. */
static enum manifest_status timestamp_role_read(const uint8_t *bytes, size_t len,
                                                const struct manifest_root *root,
                                                const char *type, json_t **out)
{
    struct manifest_frame frame;
    json_t *document;
    enum manifest_status status = manifest_frame_decode(bytes, len, &frame);
    if (status != MANIFEST_OK)
        return status;
    if (!manifest_frame_is(&frame, type))
        return MANIFEST_WRONG_TYPE;
    status = manifest_frame_verify(&frame, root, MANIFEST_ROLE_TIMESTAMP);
    if (status != MANIFEST_OK)
        return status;
    status = manifest_json_read(frame.payload, frame.payload_len, &document);
    if (status != MANIFEST_OK)
        return status;
    const char *said = json_string_value(json_object_get(document, "type"));
    if (!said || strcmp(said, type) != 0) {
        json_decref(document);
        return MANIFEST_BAD_FIELD;
    }
    *out = document;
    return MANIFEST_OK;
}

/* "intent" is optional; another word than "rollback" means nothing special. */
static bool is_rollback(const json_t *release)
{
    const char *intent = json_string_value(json_object_get(release, "intent"));
    return intent && strcmp(intent, "rollback") == 0;
}

enum manifest_status manifest_timestamp_open(const uint8_t *bytes, size_t len,
                                             const struct manifest_root *root,
                                             struct manifest_timestamp *out)
{
    struct manifest_timestamp timestamp = {0};
    struct fields fields, release;
    json_t *document;
    enum manifest_status status =
        timestamp_role_read(bytes, len, root, MANIFEST_TYPE_TIMESTAMP, &document);
    if (status != MANIFEST_OK)
        return status;
    manifest_fields_init(&fields, document);
    timestamp.counter = manifest_field_u64(&fields, "counter", 1, STRICT_JSON_INTEGER_MAX);
    const char *channel = manifest_field_name(&fields, "channel");
    timestamp.time_ms = manifest_field_time(&fields, "time");
    timestamp.expires_ms = manifest_field_time(&fields, "expires");
    manifest_field_hex(&fields, "orders_root", timestamp.orders_root, MANIFEST_HASH_LEN);
    manifest_fields_init(&release, manifest_field_object(&fields, "release"));
    timestamp.release =
        manifest_field_u64(&release, "version", 1, STRICT_JSON_INTEGER_MAX);
    manifest_field_hex(&release, "hash", timestamp.release_hash, MANIFEST_HASH_LEN);
    timestamp.release_length =
        manifest_field_u64(&release, "length", 1, MANIFEST_FRAME_MAX);
    timestamp.rollback = is_rollback(release.object);
    memcpy(timestamp.channel, channel, strlen(channel) + 1);
    if (fields.bad || release.bad)
        status = MANIFEST_BAD_FIELD;
    else
        *out = timestamp;
    json_decref(document);
    return status;
}

enum manifest_status manifest_fresh_open(const uint8_t *bytes, size_t len,
                                         const struct manifest_root *root,
                                         struct manifest_fresh *out)
{
    struct manifest_fresh fresh = {0};
    struct fields fields;
    json_t *document;
    enum manifest_status status =
        timestamp_role_read(bytes, len, root, MANIFEST_TYPE_FRESH, &document);
    if (status != MANIFEST_OK)
        return status;
    manifest_fields_init(&fields, document);
    manifest_field_hex(&fields, "nonce", fresh.nonce, sizeof fresh.nonce);
    manifest_field_hex_text(&fields, "boot_id", fresh.boot_id, 32);
    manifest_field_hex(&fields, "timestamp_hash", fresh.timestamp_hash, MANIFEST_HASH_LEN);
    fresh.time_ms = manifest_field_time(&fields, "time");
    if (fields.bad)
        status = MANIFEST_BAD_FIELD;
    else
        *out = fresh;
    json_decref(document);
    return status;
}
