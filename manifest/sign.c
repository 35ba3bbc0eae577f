/* Keys and deterministic ECDSA signatures, for hosts.
 * SPDX-License-Identifier: MIT
 */
#include <manifest/sign.h>

#include "crypto.h"
#include "frame.h"

#include <mbedtls/ecdsa.h>
#include <mbedtls/ecp.h>
#include <mbedtls/platform_util.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* mbedTLS's source of random numbers: blinding and new keys. The signature's own nonce is derived (RFC 6979). */
static int system_random(void *context, unsigned char *out, size_t len)
{
    (void)context;
    while (len > 0) {
        ssize_t got = getrandom(out, len, 0);
        if (got < 0)
            return MBEDTLS_ERR_ECP_RANDOM_FAILED;
        out += got;
        len -= (size_t)got;
    }
    return 0;
}

enum manifest_status manifest_key_init(const uint8_t public_key[MANIFEST_PUBLIC_LEN],
                                       struct manifest_key *out)
{
    struct manifest_key key = {.usable = true};
    memcpy(key.public_key, public_key, sizeof key.public_key);
    enum manifest_status status = crypto_check_public(public_key);
    if (status == MANIFEST_OK)
        status = manifest_hash(public_key, MANIFEST_PUBLIC_LEN, key.id);
    if (status == MANIFEST_OK)
        *out = key;
    return status;
}

enum manifest_status manifest_secret_load(const uint8_t scalar[32],
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
        error = mbedtls_ecp_keypair_calc_public(&pair, system_random, NULL);
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

enum manifest_status manifest_secret_generate(struct manifest_secret *out)
{
    uint8_t scalar[32];
    enum manifest_status status = MANIFEST_BAD_FIELD;
    /* Nearly every 256-bit number is a valid scalar. */
    for (int tries = 0; tries < 8 && status == MANIFEST_BAD_FIELD; tries++) {
        if (system_random(NULL, scalar, sizeof scalar) != 0)
            return MANIFEST_CRYPTO;
        status = manifest_secret_load(scalar, out);
    }
    mbedtls_platform_zeroize(scalar, sizeof scalar);
    return status;
}

void manifest_secret_wipe(struct manifest_secret *secret)
{
    if (secret)
        mbedtls_platform_zeroize(secret, sizeof *secret);
}

enum manifest_status manifest_sign_digest(const struct manifest_secret *secret,
                                          const uint8_t digest[MANIFEST_HASH_LEN],
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
                                           MBEDTLS_MD_SHA256, system_random, NULL);
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

enum manifest_status manifest_frame_sign(const char *type, const char *payload,
                                         size_t payload_len,
                                         const struct manifest_secret *const *secrets,
                                         size_t secret_count, uint8_t **out,
                                         size_t *out_len)
{
    struct manifest_signature signatures[MANIFEST_SIGNATURES_MAX];
    uint8_t digest[MANIFEST_HASH_LEN];
    if (secret_count > MANIFEST_SIGNATURES_MAX)
        return MANIFEST_BAD_FRAME;
    enum manifest_status status = manifest_signed_digest(
        type, strlen(type), (const uint8_t *)payload, payload_len, digest);
    for (size_t i = 0; i < secret_count && status == MANIFEST_OK; i++) {
        memcpy(signatures[i].keyid, secrets[i]->key.id, MANIFEST_HASH_LEN);
        status = manifest_sign_digest(secrets[i], digest, signatures[i].value);
    }
    if (status != MANIFEST_OK)
        return status;
    return manifest_frame_encode(type, (const uint8_t *)payload, payload_len, signatures,
                                 secret_count, out, out_len);
}

enum manifest_status manifest_frame_endorse(const uint8_t *frame, size_t len,
                                            const struct manifest_secret *secret,
                                            uint8_t **out, size_t *out_len)
{
    struct manifest_signature signatures[MANIFEST_SIGNATURES_MAX];
    struct manifest_frame decoded;
    uint8_t digest[MANIFEST_HASH_LEN];
    char type[MANIFEST_TYPE_MAX + 1];
    size_t count = 0;
    enum manifest_status status = manifest_frame_decode(frame, len, &decoded);
    if (status != MANIFEST_OK)
        return status;
    for (size_t i = 0; i < decoded.signature_count; i++) {
        frame_signature(&decoded, i, &signatures[count]);
        if (memcmp(signatures[count].keyid, secret->key.id, MANIFEST_HASH_LEN) != 0)
            count++;
    }
    if (count == MANIFEST_SIGNATURES_MAX)
        return MANIFEST_BAD_FRAME;
    memcpy(type, decoded.type, decoded.type_len);
    type[decoded.type_len] = 0;
    status = manifest_signed_digest(decoded.type, decoded.type_len, decoded.payload,
                                    decoded.payload_len, digest);
    if (status == MANIFEST_OK) {
        memcpy(signatures[count].keyid, secret->key.id, MANIFEST_HASH_LEN);
        status = manifest_sign_digest(secret, digest, signatures[count].value);
    }
    if (status != MANIFEST_OK)
        return status;
    return manifest_frame_encode(type, decoded.payload, decoded.payload_len, signatures,
                                 count + 1, out, out_len);
}
