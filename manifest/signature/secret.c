/* Private keys and deterministic ECDSA signatures.
 * SPDX-License-Identifier: MIT
 */
#include <manifest/signature/secret.h>

#include "crypto.h"

#include <mbedtls/ecdsa.h>
#include <mbedtls/ecp.h>
#include <mbedtls/platform_util.h>
#include <string.h>

enum manifest_status manifest_key_init(const uint8_t public_key[MANIFEST_PUBLIC_LEN],
                                       struct manifest_key *out)
{
    struct manifest_key key = {.usable = true};
    memcpy(key.public_key, public_key, sizeof key.public_key);
    enum manifest_status status = manifest_crypto_check_public(public_key);
    if (status == MANIFEST_OK)
        status = manifest_hash(public_key, MANIFEST_PUBLIC_LEN, key.id);
    if (status == MANIFEST_OK)
        *out = key;
    return status;
}

enum manifest_status manifest_secret_read(const uint8_t scalar[32],
                                          manifest_random_fn random, void *context,
                                          struct manifest_secret *out)
{
    mbedtls_ecp_keypair pair;
    uint8_t public_key[MANIFEST_PUBLIC_LEN];
    size_t public_len = 0;
    struct manifest_secret secret;
    mbedtls_ecp_keypair_init(&pair);
    int error = mbedtls_ecp_read_key(MBEDTLS_ECP_DP_SECP256R1, &pair, scalar, 32);
    if (error == 0)
        error = mbedtls_ecp_check_privkey(&pair.MBEDTLS_PRIVATE(grp),
                                          &pair.MBEDTLS_PRIVATE(d));
    if (error == 0)
        error = mbedtls_ecp_keypair_calc_public(&pair, random, context);
    if (error == 0)
        error = mbedtls_ecp_write_public_key(&pair, MBEDTLS_ECP_PF_UNCOMPRESSED,
                                             &public_len, public_key, sizeof public_key);
    mbedtls_ecp_keypair_free(&pair);
    if (error != 0 || public_len != sizeof public_key)
        return MANIFEST_BAD_FIELD;
    memcpy(secret.scalar, scalar, sizeof secret.scalar);
    enum manifest_status status = manifest_key_init(public_key, &secret.key);
    if (status == MANIFEST_OK)
        *out = secret;
    manifest_secret_wipe(&secret);
    return status;
}

enum manifest_status manifest_secret_make(manifest_random_fn random, void *context,
                                          struct manifest_secret *out)
{
    uint8_t scalar[32];
    enum manifest_status status = MANIFEST_BAD_FIELD;
    /* Nearly every 256-bit number is a valid scalar. */
    for (int tries = 0; tries < 8 && status == MANIFEST_BAD_FIELD; tries++) {
        if (random(context, scalar, sizeof scalar) != 0)
            return MANIFEST_CRYPTO;
        status = manifest_secret_read(scalar, random, context, out);
    }
    mbedtls_platform_zeroize(scalar, sizeof scalar);
    return status;
}

void manifest_secret_wipe(struct manifest_secret *secret)
{
    if (secret)
        mbedtls_platform_zeroize(secret, sizeof *secret);
}

enum manifest_status manifest_secret_sign(const struct manifest_secret *secret,
                                          const uint8_t digest[MANIFEST_HASH_LEN],
                                          manifest_random_fn random, void *context,
                                          uint8_t out_signature[MANIFEST_SIGNATURE_LEN])
{
    mbedtls_ecp_group group;
    mbedtls_mpi d, r, s;
    uint8_t signature[MANIFEST_SIGNATURE_LEN];
    mbedtls_ecp_group_init(&group);
    mbedtls_mpi_init(&d);
    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&s);
    int error = mbedtls_ecp_group_load(&group, MBEDTLS_ECP_DP_SECP256R1);
    if (error == 0)
        error = mbedtls_mpi_read_binary(&d, secret->scalar, sizeof secret->scalar);
    if (error == 0)
        error = mbedtls_ecdsa_sign_det_ext(&group, &r, &s, &d, digest, MANIFEST_HASH_LEN,
                                           MBEDTLS_MD_SHA256, random, context);
    if (error == 0)
        error = mbedtls_mpi_write_binary(&r, signature, 32);
    if (error == 0)
        error = mbedtls_mpi_write_binary(&s, signature + 32, 32);
    mbedtls_mpi_free(&s);
    mbedtls_mpi_free(&r);
    mbedtls_mpi_free(&d);
    mbedtls_ecp_group_free(&group);
    if (error != 0)
        return MANIFEST_CRYPTO;
    memcpy(out_signature, signature, sizeof signature);
    return MANIFEST_OK;
}
