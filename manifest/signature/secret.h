/* Private keys: made, read, used to sign. In the cell too, for the machine's own device key.
 * SPDX-License-Identifier: MIT
 *
 * Signatures are deterministic (RFC 6979); random numbers only make new keys and blind computations.
 */
#ifndef MANIFEST_SECRET_H
#define MANIFEST_SECRET_H

#include <manifest/manifest.h>

struct manifest_secret {
    uint8_t scalar[32]; /* big-endian */
    struct manifest_key key;
};

/* Fills OUT; 0: done, else none to be had. */
typedef int (*manifest_random_fn)(void *context, unsigned char *out, size_t len);

/* A new key. MANIFEST_CRYPTO: no random numbers. */
MANIFEST_RESULT enum manifest_status manifest_secret_make(manifest_random_fn random,
                                                          void *context,
                                                          struct manifest_secret *out);
/* The key of a scalar. MANIFEST_BAD_FIELD: 0, or not below the curve's order. */
MANIFEST_RESULT enum manifest_status manifest_secret_read(const uint8_t scalar[32],
                                                          manifest_random_fn random,
                                                          void *context,
                                                          struct manifest_secret *out);
/* Signs a SHA-256 digest; r‖s. */
MANIFEST_RESULT enum manifest_status
manifest_secret_sign(const struct manifest_secret *secret,
                     const uint8_t digest[MANIFEST_HASH_LEN], manifest_random_fn random,
                     void *context, uint8_t out_signature[MANIFEST_SIGNATURE_LEN]);
void manifest_secret_wipe(struct manifest_secret *secret);
/* Fills id and usable from public_key. MANIFEST_BAD_FIELD: not a point of the curve. */
MANIFEST_RESULT enum manifest_status
manifest_key_init(const uint8_t public_key[MANIFEST_PUBLIC_LEN], struct manifest_key *out);

#endif
