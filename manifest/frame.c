/* The binary frame: magic, lengths, type, payload, signatures.
 * SPDX-License-Identifier: MIT
 */
#include <manifest/manifest.h>

#include "frame.h"
#include <manifest/signature/crypto.h>

#include <lib/base/memory.h>
#include <stdio.h>
#include <string.h>

enum { HEADER_LEN = 12, SIGNATURE_RECORD_LEN = 32 + 64, FRAME_VERSION = 1 };

_Static_assert(SIGNATURE_RECORD_LEN == MANIFEST_HASH_LEN + MANIFEST_SIGNATURE_LEN,
               "a record is a key id and a signature");

static uint16_t get_le16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get_le32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Reads the header; the sum of all parts, within the caps, is *out_total. */
static bool header_read(const uint8_t *bytes, size_t len, struct manifest_frame *out,
                        size_t *out_total)
{
    if (len < HEADER_LEN || memcmp(bytes, "EVO1", 4) != 0 || bytes[4] != FRAME_VERSION)
        return false;
    size_t signature_count = bytes[5];
    size_t type_len = get_le16(bytes + 6);
    size_t payload_len = get_le32(bytes + 8);
    if (signature_count > MANIFEST_SIGNATURES_MAX || type_len == 0 ||
        type_len > MANIFEST_TYPE_MAX || payload_len > MANIFEST_FRAME_MAX)
        return false;
    size_t total =
        HEADER_LEN + type_len + payload_len + signature_count * SIGNATURE_RECORD_LEN;
    if (total > MANIFEST_FRAME_MAX)
        return false;
    out->type = (const char *)bytes + HEADER_LEN;
    out->type_len = type_len;
    out->payload = bytes + HEADER_LEN + type_len;
    out->payload_len = payload_len;
    out->signature_count = signature_count;
    out->signatures = bytes + HEADER_LEN + type_len + payload_len;
    *out_total = total;
    return true;
}

enum manifest_status manifest_frame_length(const uint8_t *bytes, size_t len,
                                           size_t *out_len)
{
    struct manifest_frame frame;
    size_t total;
    if (!header_read(bytes, len, &frame, &total) || total > len)
        return MANIFEST_BAD_FRAME;
    *out_len = total;
    return MANIFEST_OK;
}

enum manifest_status manifest_frame_decode(const uint8_t *bytes, size_t len,
                                           struct manifest_frame *out)
{
    struct manifest_frame frame;
    size_t total;
    if (!header_read(bytes, len, &frame, &total) || total != len)
        return MANIFEST_BAD_FRAME;
    for (size_t i = 0; i < frame.type_len; i++)
        if (frame.type[i] <= ' ' || frame.type[i] > '~')
            return MANIFEST_BAD_FRAME;
    *out = frame;
    return MANIFEST_OK;
}

bool manifest_frame_is(const struct manifest_frame *frame, const char *type)
{
    return frame->type_len == strlen(type) &&
           memcmp(frame->type, type, frame->type_len) == 0;
}

enum manifest_status manifest_frame_encode(const char *type, const uint8_t *payload,
                                           size_t payload_len,
                                           const struct manifest_signature *signatures,
                                           size_t signature_count, uint8_t **out,
                                           size_t *out_len)
{
    size_t type_len = strlen(type);
    if (type_len == 0 || type_len > MANIFEST_TYPE_MAX ||
        payload_len > MANIFEST_FRAME_MAX || signature_count > MANIFEST_SIGNATURES_MAX)
        return MANIFEST_BAD_FRAME;
    size_t total =
        HEADER_LEN + type_len + payload_len + signature_count * SIGNATURE_RECORD_LEN;
    if (total > MANIFEST_FRAME_MAX)
        return MANIFEST_BAD_FRAME;
    uint8_t *bytes = memory_new_array(uint8_t, total);
    if (!bytes)
        return MANIFEST_NO_MEMORY;
    const uint8_t header[HEADER_LEN] = {
        'E',
        'V',
        'O',
        '1',
        FRAME_VERSION,
        (uint8_t)signature_count,
        (uint8_t)type_len,
        (uint8_t)(type_len >> 8),
        (uint8_t)payload_len,
        (uint8_t)(payload_len >> 8),
        (uint8_t)(payload_len >> 16),
        (uint8_t)(payload_len >> 24),
    };
    memcpy(bytes, header, HEADER_LEN);
    memcpy(bytes + HEADER_LEN, type, type_len);
    memcpy(bytes + HEADER_LEN + type_len, payload, payload_len);
    uint8_t *record = bytes + HEADER_LEN + type_len + payload_len;
    for (size_t i = 0; i < signature_count; i++, record += SIGNATURE_RECORD_LEN) {
        memcpy(record, signatures[i].keyid, MANIFEST_HASH_LEN);
        memcpy(record + MANIFEST_HASH_LEN, signatures[i].value, MANIFEST_SIGNATURE_LEN);
    }
    *out = bytes;
    *out_len = total;
    return MANIFEST_OK;
}

void manifest_frame_signature(const struct manifest_frame *frame, size_t index,
                              struct manifest_signature *out)
{
    const uint8_t *record = frame->signatures + index * SIGNATURE_RECORD_LEN;
    memcpy(out->keyid, record, MANIFEST_HASH_LEN);
    memcpy(out->value, record + MANIFEST_HASH_LEN, MANIFEST_SIGNATURE_LEN);
}

enum manifest_status manifest_signed_digest(const char *type, size_t type_len,
                                            const uint8_t *payload, size_t payload_len,
                                            uint8_t out_digest[MANIFEST_HASH_LEN])
{
    char before[48];
    char between[32];
    int before_len = snprintf(before, sizeof before, "DSSEv1 %zu ", type_len);
    int between_len = snprintf(between, sizeof between, " %zu ", payload_len);
    const struct crypto_piece pieces[] = {
        {before, (size_t)before_len},
        {type, type_len},
        {between, (size_t)between_len},
        {payload, payload_len},
    };
    return manifest_crypto_hash_pieces(pieces, sizeof pieces / sizeof pieces[0],
                                       out_digest);
}
