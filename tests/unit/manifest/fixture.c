/* The fixture's keys, documents and frames.
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

void bytes_free(struct bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct bytes){0};
}

const struct manifest_secret *fixture_secret(unsigned number)
{
    static struct manifest_secret secrets[16];
    static bool made[16];
    if (!made[number]) {
        uint8_t scalar[32] = {0x11};
        scalar[31] = (uint8_t)number;
        assert_status(MANIFEST_OK, manifest_secret_load(scalar, &secrets[number]));
        made[number] = true;
    }
    return &secrets[number];
}

void fixture_root(uint64_t version, struct manifest_root *out)
{
    memset(out, 0, sizeof *out);
    out->version = version;
    memcpy(out->fleet, FIXTURE_FLEET, sizeof out->fleet);
    out->expires_ms = FIXTURE_NOW + FIXTURE_HOUR;
    for (unsigned role = 0; role < MANIFEST_ROLE_COUNT; role++) {
        assert_status(MANIFEST_OK, manifest_root_add(out, (enum manifest_role)role,
                                                     &fixture_secret(role + 1)->key));
        out->roles[role].threshold = 1;
    }
}

struct bytes fixture_sign(const char *type, const char *text, const unsigned *signers)
{
    const struct manifest_secret *secrets[16];
    struct bytes frame;
    size_t count = 0;
    while (signers[count]) {
        secrets[count] = fixture_secret(signers[count]);
        count++;
    }
    assert_status(MANIFEST_OK, manifest_frame_sign(type, text, strlen(text), secrets,
                                                   count, &frame.data, &frame.len));
    return frame;
}

/* Takes TEXT. */
static struct bytes sign_text(const char *type, char *text, const unsigned *signers)
{
    struct bytes frame = fixture_sign(type, text, signers);
    free(text);
    return frame;
}

struct bytes fixture_root_frame(const struct manifest_root *root, const unsigned *signers)
{
    char *text;
    assert_status(MANIFEST_OK, manifest_root_text(root, &text));
    return sign_text(MANIFEST_TYPE_ROOT, text, signers);
}

void fixture_release(uint64_t version, unsigned colour, struct manifest_release *out)
{
    static const char *const libc[] = {"libc"};
    static struct manifest_cell cells[3];
    static const char *const names[] = {"libc", "hello", "net"};
    for (unsigned i = 0; i < 3; i++) {
        cells[i] = (struct manifest_cell){.name = names[i], .length = 1000 + i, .abi = 7};
        memset(cells[i].object, (int)(i + 1), sizeof cells[i].object);
        if (i > 0) {
            cells[i].uses = libc;
            cells[i].use_count = 1;
        }
    }
    memset(cells[1].object, (int)colour, sizeof cells[1].object);
    *out = (struct manifest_release){
        .version = version,
        .channel = "main",
        .target = "x86_64",
        .commit = "00112233445566778899aabbccddeeff00112233",
        .created_ms = FIXTURE_NOW,
        .expires_ms = FIXTURE_NOW + FIXTURE_HOUR,
        .security = 1,
        .cells = cells,
        .cell_count = 3,
        .provenance = "{\"compiler\":\"gcc\"}",
    };
}

struct bytes fixture_release_frame(const struct manifest_release *release,
                                   const unsigned *signers)
{
    char *text;
    assert_status(MANIFEST_OK, manifest_release_text(release, &text));
    return sign_text(MANIFEST_TYPE_RELEASE, text, signers);
}

void fixture_timestamp(uint64_t counter, uint64_t version, const struct bytes *frame,
                       struct manifest_timestamp *out)
{
    *out = (struct manifest_timestamp){
        .counter = counter,
        .channel = "main",
        .time_ms = FIXTURE_NOW,
        .expires_ms = FIXTURE_NOW + FIXTURE_HOUR,
        .release = version,
        .release_length = frame->len,
    };
    manifest_orders_empty_root(out->orders_root);
    assert_status(MANIFEST_OK, manifest_hash(frame->data, frame->len, out->release_hash));
}

struct bytes fixture_timestamp_frame(const struct manifest_timestamp *timestamp,
                                     const unsigned *signers)
{
    char *text;
    assert_status(MANIFEST_OK, manifest_timestamp_text(timestamp, &text));
    return sign_text(MANIFEST_TYPE_TIMESTAMP, text, signers);
}

void fixture_fresh(const struct bytes *timestamp, uint8_t nonce_byte,
                   struct manifest_fresh *out)
{
    *out = (struct manifest_fresh){.boot_id = FIXTURE_BOOT_ID, .time_ms = FIXTURE_NOW};
    memset(out->nonce, nonce_byte, sizeof out->nonce);
    assert_status(MANIFEST_OK,
                  manifest_hash(timestamp->data, timestamp->len, out->timestamp_hash));
}

struct bytes fixture_fresh_frame(const struct manifest_fresh *fresh,
                                 const unsigned *signers)
{
    char *text;
    assert_status(MANIFEST_OK, manifest_fresh_text(fresh, &text));
    return sign_text(MANIFEST_TYPE_FRESH, text, signers);
}

json_t *fixture_no_orders(void)
{
    struct manifest_orders *orders;
    json_t *proof;
    assert_status(MANIFEST_OK, manifest_orders_create(NULL, 0, &orders));
    assert_status(MANIFEST_OK, manifest_orders_prove(orders, FIXTURE_MACHINE, &proof));
    manifest_orders_destroy(orders);
    return proof;
}
