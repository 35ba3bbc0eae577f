/* What a machine keeps over restarts: key, certificate, trust, quarantine, what runs, what was in trial.
 * SPDX-License-Identifier: MIT
 *
 * Little-endian: "NCB1", then sections {u16 tag, u16 zero, u32 length, bytes}, then SHA-256 of all before. Unknown
 * tags are skipped, so that an older client can read what a newer one kept. FORMAT.md lists the sections.
 */
#include "private.h"

#include <lib/base/memory.h>
#include <string.h>

enum {
    BLOB_MAX = 512 * 1024,
    TAG_SECRET = 1,
    TAG_CERTIFICATE = 2,
    TAG_TRUST = 3,
    TAG_ROOT = 4,
    TAG_QUARANTINE = 5,
    TAG_TRIES = 6,
    TAG_PENDING = 7,
    TAG_RUNNING = 8,
    SECTION_HEADER_LEN = 8,
    QUARANTINE_LEN = 1 + MANIFEST_HASH_LEN + CODE_MAX,
    TRIES_LEN = MANIFEST_HASH_LEN + 4,
    PENDING_LEN = 8 + MANIFEST_HASH_LEN + 40,
    RUNNING_LEN = 16 + MANIFEST_HASH_LEN + 40,
};

#define TIME_FLOOR_STEP_MS (60 * 60 * 1000)

static const uint8_t magic[4] = {'N', 'C', 'B', '1'};

/* Bytes under construction. Once failed, stays failed. */
struct writer {
    uint8_t *bytes;
    size_t len;
    bool failed;
};

static void put_le(uint8_t *p, uint64_t value, unsigned len)
{
    for (unsigned i = 0; i < len; i++)
        p[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get_le(const uint8_t *p, unsigned len)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < len; i++)
        value |= (uint64_t)p[i] << (8 * i);
    return value;
}

static void write_bytes(struct writer *writer, const void *bytes, size_t len)
{
    if (writer->failed || len > BLOB_MAX - writer->len) {
        writer->failed = true;
        return;
    }
    memcpy(writer->bytes + writer->len, bytes, len);
    writer->len += len;
}

static void write_le(struct writer *writer, uint64_t value, unsigned len)
{
    uint8_t bytes[8];
    put_le(bytes, value, len);
    write_bytes(writer, bytes, len);
}

static void write_header(struct writer *writer, unsigned tag, size_t len)
{
    write_le(writer, tag, 2);
    write_le(writer, 0, 2);
    write_le(writer, len, 4);
}

static void write_section(struct writer *writer, unsigned tag, const void *bytes,
                          size_t len)
{
    write_header(writer, tag, len);
    write_bytes(writer, bytes, len);
}

static void write_quarantine(struct writer *writer, const struct client *client)
{
    write_header(writer, TAG_QUARANTINE, client->quarantine_count * QUARANTINE_LEN);
    for (size_t i = 0; i < client->quarantine_count; i++) {
        const struct quarantined *entry = &client->quarantine[i];
        write_le(writer, entry->is_object, 1);
        write_bytes(writer, entry->hash, MANIFEST_HASH_LEN);
        write_bytes(writer, entry->code, CODE_MAX);
    }
    write_header(writer, TAG_TRIES, client->tries_count * TRIES_LEN);
    for (size_t i = 0; i < client->tries_count; i++) {
        write_bytes(writer, client->tries[i].content, MANIFEST_HASH_LEN);
        write_le(writer, client->tries[i].count, 4);
    }
}

static void write_running(struct writer *writer, const struct client *client)
{
    if (client->pending.is_set) {
        write_header(writer, TAG_PENDING, PENDING_LEN);
        write_le(writer, client->pending.release, 8);
        write_bytes(writer, client->pending.content, MANIFEST_HASH_LEN);
        write_bytes(writer, client->pending.commit, 40);
    }
    write_header(writer, TAG_RUNNING, RUNNING_LEN);
    write_le(writer, client->running.release, 8);
    write_le(writer, client->running.security, 8);
    write_bytes(writer, client->running.content, MANIFEST_HASH_LEN);
    write_bytes(writer, client->running.commit, 40);
}

uint8_t *client_blob_write(const struct client *client, size_t *out_len)
{
    struct writer writer = {.bytes = memory_new_array(uint8_t, BLOB_MAX)};
    uint8_t state[TRUST_STATE_LEN];
    uint8_t check[MANIFEST_HASH_LEN];
    if (!writer.bytes)
        return NULL;
    write_bytes(&writer, magic, sizeof magic);
    if (client->has_secret)
        write_section(&writer, TAG_SECRET, client->secret.scalar, 32);
    if (client->certificate)
        write_section(&writer, TAG_CERTIFICATE, client->certificate,
                      strlen(client->certificate));
    if (trust_state_write(&client->trust.state, state) != MANIFEST_OK)
        writer.failed = true;
    write_section(&writer, TAG_TRUST, state, sizeof state);
    if (client->root_frame)
        write_section(&writer, TAG_ROOT, client->root_frame, client->root_frame_len);
    write_quarantine(&writer, client);
    write_running(&writer, client);
    if (!writer.failed && manifest_hash(writer.bytes, writer.len, check) != MANIFEST_OK)
        writer.failed = true;
    write_bytes(&writer, check, sizeof check);
    if (writer.failed) {
        free(writer.bytes);
        return NULL;
    }
    *out_len = writer.len;
    return writer.bytes;
}

/* --- Reading -------------------------------------------------------------------------------------------------- */

/* What is found in a blob, before any of it is believed. */
struct found {
    const uint8_t *section[TAG_RUNNING + 1];
    size_t len[TAG_RUNNING + 1];
};

static bool sections_find(const uint8_t *bytes, size_t len, struct found *found)
{
    uint8_t check[MANIFEST_HASH_LEN];
    if (len < sizeof magic + MANIFEST_HASH_LEN || len > BLOB_MAX ||
        memcmp(bytes, magic, sizeof magic) != 0)
        return false;
    len -= MANIFEST_HASH_LEN;
    if (manifest_hash(bytes, len, check) != MANIFEST_OK ||
        memcmp(check, bytes + len, sizeof check) != 0)
        return false;
    for (size_t at = sizeof magic; at < len;) {
        if (len - at < SECTION_HEADER_LEN)
            return false;
        uint64_t tag = get_le(bytes + at, 2);
        uint64_t section_len = get_le(bytes + at + 4, 4);
        at += SECTION_HEADER_LEN;
        if (section_len > len - at)
            return false;
        if (tag <= TAG_RUNNING) {
            found->section[tag] = bytes + at;
            found->len[tag] = section_len;
        }
        at += section_len;
    }
    return true;
}

/* GIVES a copy of section TAG with a NUL after it; *out NULL when there is none. */
static bool copy_section(const struct found *found, unsigned tag, uint8_t **out)
{
    *out = NULL;
    if (!found->section[tag])
        return true;
    *out = memory_new_array(uint8_t, found->len[tag] + 1);
    if (!*out)
        return false;
    memcpy(*out, found->section[tag], found->len[tag]);
    (*out)[found->len[tag]] = 0;
    return true;
}

static void read_quarantine(struct client *client, const struct found *found)
{
    const uint8_t *p = found->section[TAG_QUARANTINE];
    for (size_t left = found->len[TAG_QUARANTINE];
         left >= QUARANTINE_LEN && client->quarantine_count < QUARANTINE_MAX;
         left -= QUARANTINE_LEN, p += QUARANTINE_LEN) {
        struct quarantined *entry = &client->quarantine[client->quarantine_count++];
        entry->is_object = p[0] != 0;
        memcpy(entry->hash, p + 1, MANIFEST_HASH_LEN);
        memcpy(entry->code, p + 1 + MANIFEST_HASH_LEN, CODE_MAX);
        entry->code[CODE_MAX - 1] = 0;
    }
    p = found->section[TAG_TRIES];
    for (size_t left = found->len[TAG_TRIES];
         left >= TRIES_LEN && client->tries_count < TRIES_MAX;
         left -= TRIES_LEN, p += TRIES_LEN) {
        struct tries *entry = &client->tries[client->tries_count++];
        memcpy(entry->content, p, MANIFEST_HASH_LEN);
        entry->count = (unsigned)get_le(p + MANIFEST_HASH_LEN, 4);
    }
}

static void read_running(struct client *client, const struct found *found)
{
    const uint8_t *p = found->section[TAG_PENDING];
    if (found->len[TAG_PENDING] == PENDING_LEN) {
        client->pending.is_set = true;
        client->pending.release = get_le(p, 8);
        memcpy(client->pending.content, p + 8, MANIFEST_HASH_LEN);
        memcpy(client->pending.commit, p + 8 + MANIFEST_HASH_LEN, 40);
    }
    p = found->section[TAG_RUNNING];
    if (found->len[TAG_RUNNING] == RUNNING_LEN) {
        client->running_loaded = true;
        client->running.release = get_le(p, 8);
        client->running.security = get_le(p + 8, 8);
        memcpy(client->running.content, p + 16, MANIFEST_HASH_LEN);
        memcpy(client->running.commit, p + 16 + MANIFEST_HASH_LEN, 40);
    }
}

/* Blinds the computation of the public point. A machine whose random source is not ready yet must not lose its key for
 * that, so a constant does where nothing else is to be had. */
static int blinding(void *context, unsigned char *out, size_t len)
{
    if (!client_random(context, out, len))
        memset(out, 0x5a, len);
    return 0;
}

enum manifest_status client_blob_read(struct client *client, const uint8_t *bytes,
                                      size_t len, struct trust_state *out_state,
                                      bool *out_has_state)
{
    struct found found = {0};
    struct trust_state state;
    struct manifest_secret secret = {0};
    uint8_t *certificate = NULL;
    uint8_t *root = NULL;
    bool has_secret = false;
    if (!sections_find(bytes, len, &found))
        return MANIFEST_BAD_STATE;
    enum manifest_status status = MANIFEST_OK;
    if (found.section[TAG_TRUST])
        status = trust_state_read(found.section[TAG_TRUST], found.len[TAG_TRUST], &state);
    if (status == MANIFEST_OK && found.section[TAG_SECRET]) {
        has_secret = true;
        status = found.len[TAG_SECRET] == 32
                     ? manifest_secret_read(found.section[TAG_SECRET], blinding, client,
                                            &secret)
                     : MANIFEST_BAD_STATE;
    }
    if (status == MANIFEST_OK && (!copy_section(&found, TAG_CERTIFICATE, &certificate) ||
                                  !copy_section(&found, TAG_ROOT, &root)))
        status = MANIFEST_NO_MEMORY;
    if (status != MANIFEST_OK) {
        free(certificate);
        free(root);
        return status;
    }
    client->has_secret = has_secret;
    client->secret = secret;
    client->certificate = (char *)certificate;
    client->root_frame = root;
    client->root_frame_len = root ? found.len[TAG_ROOT] : 0;
    read_quarantine(client, &found);
    read_running(client, &found);
    *out_has_state = found.section[TAG_TRUST] != NULL;
    if (*out_has_state)
        *out_state = state;
    return MANIFEST_OK;
}

/* --- When to write -------------------------------------------------------------------------------------------- */

void client_blob_touch(struct client *client)
{
    client->blob_version++;
    client->blob_dirty = true;
    client->blob_unreported = client->report_blob;
    client->progress = true;
}

bool client_blob_settle(struct client *client)
{
    struct client_store *store = &client->ports.store;
    /* The time floor moves with every poll; it alone is worth a write once an hour. */
    if (client->trust.state.time_floor_ms - client->blob_time_ms > TIME_FLOOR_STEP_MS) {
        client->blob_time_ms = client->trust.state.time_floor_ms;
        client_blob_touch(client);
    }
    if (client->blob_dirty && store->put) {
        size_t len;
        uint8_t *bytes = client_blob_write(client, &len);
        client->blob_dirty = !bytes || !store->put(store->context, bytes, len);
        free(bytes);
        if (client->blob_dirty)
            client_set_reason(client, "store");
    } else {
        client->blob_dirty = false;
    }
    return !client->blob_dirty && !client->blob_unreported;
}
