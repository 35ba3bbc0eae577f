/* A small world for tests of libmanifest: fixed keys, a root, a release, a timestamp, a fresh; each easy to bend.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_UNIT_MANIFEST_FIXTURE_H
#define TESTS_UNIT_MANIFEST_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <manifest/sign.h>
#include <manifest/trust.h>

/* Times of the fixture: everything was made at NOW and expires an hour later. */
#define FIXTURE_NOW INT64_C(1800000000000)
#define FIXTURE_HOUR INT64_C(3600000)
#define FIXTURE_MACHINE "aaaabbbbccccdddd"
#define FIXTURE_FLEET "0123456789abcdef"
#define FIXTURE_BOOT_ID "00112233445566778899aabbccddeeff"

struct bytes {
    uint8_t *data;
    size_t len;
};

void bytes_free(struct bytes *bytes);

/* Key NUMBER (1..): the same in every run. */
const struct manifest_secret *fixture_secret(unsigned number);

/* Root VERSION with root key 1, release key 2, timestamp key 3, each alone. */
void fixture_root(uint64_t version, struct manifest_root *out);
/* Signs any text; SIGNERS ends with 0. */
struct bytes fixture_sign(const char *type, const char *text, const unsigned *signers);
struct bytes fixture_root_frame(const struct manifest_root *root, const unsigned *signers);

/* Release VERSION with three cells; the objects depend on COLOUR. Strings are static. */
void fixture_release(uint64_t version, unsigned colour, struct manifest_release *out);
struct bytes fixture_release_frame(const struct manifest_release *release,
                                   const unsigned *signers);

/* Timestamp COUNTER that names the release in FRAME. */
void fixture_timestamp(uint64_t counter, uint64_t version, const struct bytes *frame,
                       struct manifest_timestamp *out);
struct bytes fixture_timestamp_frame(const struct manifest_timestamp *timestamp,
                                     const unsigned *signers);
void fixture_fresh(const struct bytes *timestamp, uint8_t nonce_byte,
                   struct manifest_fresh *out);
struct bytes fixture_fresh_frame(const struct manifest_fresh *fresh,
                                 const unsigned *signers);
/* The "order" object of an empty tree. */
json_t *fixture_no_orders(void);

#define SIGNED_BY(...) ((const unsigned[]){__VA_ARGS__, 0})
#define assert_status(expected, got)                                                     \
    assert_string_equal(manifest_status_code(expected), manifest_status_code(got))

#endif
