/* The fixed-width form of the trust state.
 * SPDX-License-Identifier: MIT
 */
#include <manifest/trust.h>

#include <string.h>

enum {
    AT_VERSION = 4,
    AT_ROOT_VERSION = 8,
    AT_ROOT_HASH = 16,
    AT_TIMESTAMP_COUNTER = 48,
    AT_TIMESTAMP_HASH = 56,
    AT_CHANNEL_VERSION = 88,
    AT_ORDER_COUNTER = 96,
    AT_ORDER_HASH = 104,
    AT_RELEASE_VERSION = 136,
    AT_RELEASE_HASH = 144,
    AT_SECURITY_FLOOR = 176,
    AT_TIME_FLOOR = 184,
    AT_CHECK = 224,
    STATE_VERSION = 1,
};

_Static_assert(AT_CHECK + MANIFEST_HASH_LEN == TRUST_STATE_LEN,
               "the check ends the state");

static const uint8_t magic[4] = {'N', 'T', 'R', 'S'};

static void put_le64(uint8_t *p, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++)
        p[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get_le64(const uint8_t *p)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 8; i++)
        value |= (uint64_t)p[i] << (8 * i);
    return value;
}

enum manifest_status trust_state_write(const struct trust_state *state,
                                       uint8_t out[TRUST_STATE_LEN])
{
    memset(out, 0, TRUST_STATE_LEN);
    memcpy(out, magic, sizeof magic);
    out[AT_VERSION] = STATE_VERSION;
    put_le64(out + AT_ROOT_VERSION, state->root_version);
    memcpy(out + AT_ROOT_HASH, state->root_hash, MANIFEST_HASH_LEN);
    put_le64(out + AT_TIMESTAMP_COUNTER, state->timestamp_counter);
    memcpy(out + AT_TIMESTAMP_HASH, state->timestamp_hash, MANIFEST_HASH_LEN);
    put_le64(out + AT_CHANNEL_VERSION, state->channel_version);
    put_le64(out + AT_ORDER_COUNTER, state->order_counter);
    memcpy(out + AT_ORDER_HASH, state->order_hash, MANIFEST_HASH_LEN);
    put_le64(out + AT_RELEASE_VERSION, state->release_version);
    memcpy(out + AT_RELEASE_HASH, state->release_hash, MANIFEST_HASH_LEN);
    put_le64(out + AT_SECURITY_FLOOR, state->security_floor);
    put_le64(out + AT_TIME_FLOOR, (uint64_t)state->time_floor_ms);
    return manifest_hash(out, AT_CHECK, out + AT_CHECK);
}

enum manifest_status trust_state_read(const uint8_t *bytes, size_t len,
                                      struct trust_state *out)
{
    uint8_t check[MANIFEST_HASH_LEN];
    if (len != TRUST_STATE_LEN || memcmp(bytes, magic, sizeof magic) != 0 ||
        bytes[AT_VERSION] != STATE_VERSION || bytes[AT_VERSION + 1] != 0)
        return MANIFEST_BAD_STATE;
    enum manifest_status status = manifest_hash(bytes, AT_CHECK, check);
    if (status != MANIFEST_OK)
        return status;
    if (memcmp(check, bytes + AT_CHECK, sizeof check) != 0)
        return MANIFEST_BAD_STATE;
    out->root_version = get_le64(bytes + AT_ROOT_VERSION);
    memcpy(out->root_hash, bytes + AT_ROOT_HASH, MANIFEST_HASH_LEN);
    out->timestamp_counter = get_le64(bytes + AT_TIMESTAMP_COUNTER);
    memcpy(out->timestamp_hash, bytes + AT_TIMESTAMP_HASH, MANIFEST_HASH_LEN);
    out->channel_version = get_le64(bytes + AT_CHANNEL_VERSION);
    out->order_counter = get_le64(bytes + AT_ORDER_COUNTER);
    memcpy(out->order_hash, bytes + AT_ORDER_HASH, MANIFEST_HASH_LEN);
    out->release_version = get_le64(bytes + AT_RELEASE_VERSION);
    memcpy(out->release_hash, bytes + AT_RELEASE_HASH, MANIFEST_HASH_LEN);
    out->security_floor = get_le64(bytes + AT_SECURITY_FLOOR);
    out->time_floor_ms = (int64_t)get_le64(bytes + AT_TIME_FLOOR);
    return MANIFEST_OK;
}
