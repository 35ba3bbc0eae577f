/* SHA-256 and verification of ECDSA P-256 signatures through mbedTLS.
 * SPDX-License-Identifier: MIT
 */
#include "crypto.h"

#include <mbedtls/ecdsa.h>
#include <mbedtls/ecp.h>
#include <mbedtls/sha256.h>

static enum manifest_status translate(int error)
{
    if (error == 0)
        return MANIFEST_OK;
    if (error == MBEDTLS_ERR_MPI_ALLOC_FAILED || error == MBEDTLS_ERR_ECP_ALLOC_FAILED)
        return MANIFEST_NO_MEMORY;
    return MANIFEST_CRYPTO;
}

enum manifest_status manifest_crypto_hash_pieces(const struct crypto_piece *pieces,
                                                 size_t count,
                                                 uint8_t out_hash[MANIFEST_HASH_LEN])
{
    mbedtls_sha256_context context;
    mbedtls_sha256_init(&context);
    int error = mbedtls_sha256_starts(&context, 0);
    for (size_t i = 0; i < count && error == 0; i++)
        if (pieces[i].len > 0)
            error = mbedtls_sha256_update(&context, pieces[i].bytes, pieces[i].len);
    if (error == 0)
        error = mbedtls_sha256_finish(&context, out_hash);
    mbedtls_sha256_free(&context);
    return translate(error);
}

enum manifest_status manifest_hash(const void *bytes, size_t len,
                                   uint8_t out_hash[MANIFEST_HASH_LEN])
{
    return manifest_crypto_hash_pieces(&(struct crypto_piece){bytes, len}, 1, out_hash);
}

/* Reads and checks a public point; translates what is the input's fault. */
static enum manifest_status point_read(mbedtls_ecp_group *group, mbedtls_ecp_point *point,
                                       const uint8_t public_key[MANIFEST_PUBLIC_LEN])
{
    int error = mbedtls_ecp_group_load(group, MBEDTLS_ECP_DP_SECP256R1);
    if (error != 0)
        return translate(error);
    if (public_key[0] != 4)
        return MANIFEST_BAD_FIELD;
    error = mbedtls_ecp_point_read_binary(group, point, public_key, MANIFEST_PUBLIC_LEN);
    if (error == 0)
        error = mbedtls_ecp_check_pubkey(group, point);
    if (translate(error) == MANIFEST_CRYPTO)
        return MANIFEST_BAD_FIELD;
    return translate(error);
}

enum manifest_status
manifest_crypto_check_public(const uint8_t public_key[MANIFEST_PUBLIC_LEN])
{
    mbedtls_ecp_group group;
    mbedtls_ecp_point point;
    mbedtls_ecp_group_init(&group);
    mbedtls_ecp_point_init(&point);
    enum manifest_status status = point_read(&group, &point, public_key);
    mbedtls_ecp_point_free(&point);
    mbedtls_ecp_group_free(&group);
    return status;
}

enum manifest_status manifest_crypto_verify(const uint8_t public_key[MANIFEST_PUBLIC_LEN],
                                            const uint8_t digest[MANIFEST_HASH_LEN],
                                            const uint8_t signature[MANIFEST_SIGNATURE_LEN])
{
    mbedtls_ecp_group group;
    mbedtls_ecp_point point;
    mbedtls_mpi r, s;
    mbedtls_ecp_group_init(&group);
    mbedtls_ecp_point_init(&point);
    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&s);
    enum manifest_status status = point_read(&group, &point, public_key);
    if (status == MANIFEST_BAD_FIELD)
        status = MANIFEST_BAD_SIGNATURE;
    int error = 0;
    if (status == MANIFEST_OK)
        error = mbedtls_mpi_read_binary(&r, signature, 32);
    if (status == MANIFEST_OK && error == 0)
        error = mbedtls_mpi_read_binary(&s, signature + 32, 32);
    if (status == MANIFEST_OK && error == 0)
        error = mbedtls_ecdsa_verify(&group, digest, MANIFEST_HASH_LEN, &point, &r, &s);
    if (status == MANIFEST_OK) {
        status = translate(error);
        if (status == MANIFEST_CRYPTO)
            status = MANIFEST_BAD_SIGNATURE;
    }
    mbedtls_mpi_free(&s);
    mbedtls_mpi_free(&r);
    mbedtls_ecp_point_free(&point);
    mbedtls_ecp_group_free(&group);
    return status;
}
