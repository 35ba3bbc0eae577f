/* The crypto port: SHA-256 and ECDSA P-256 on mbedTLS 3.6, the same source on host and kernel.
 * SPDX-License-Identifier: MIT
 */
#ifndef MANIFEST_CRYPTO_H
#define MANIFEST_CRYPTO_H

#include <manifest/manifest.h>

struct crypto_piece {
    const void *bytes;
    size_t len;
};

/* SHA-256 over the pieces one after another. */
MANIFEST_RESULT enum manifest_status
manifest_crypto_hash_pieces(const struct crypto_piece *pieces, size_t count,
                            uint8_t out_hash[MANIFEST_HASH_LEN]);
/* MANIFEST_BAD_FIELD: not an uncompressed point of P-256. */
MANIFEST_RESULT enum manifest_status
manifest_crypto_check_public(const uint8_t public_key[MANIFEST_PUBLIC_LEN]);
/* MANIFEST_OK, MANIFEST_BAD_SIGNATURE, or a failure of the library. */
MANIFEST_RESULT enum manifest_status
manifest_crypto_verify(const uint8_t public_key[MANIFEST_PUBLIC_LEN],
                       const uint8_t digest[MANIFEST_HASH_LEN],
                       const uint8_t signature[MANIFEST_SIGNATURE_LEN]);

#endif
