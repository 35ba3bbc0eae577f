/* Reads certificates and keys in the forms that the rest of the system has them in. */
/* SPDX-License-Identifier: MIT */
#include "tls_session_private.h"

#include <mbedtls/platform_util.h>
#include <mbedtls/psa_util.h>
#include <mm/heap/heap.h>
#include <string.h>

enum { SCALAR_LEN = 32 };

/* mbedTLS takes text only with a zero byte behind it, and counts that; DER is taken as it is. Gives a copy. */
static uint8_t *terminated_copy(const uint8_t *bytes, size_t len, size_t *out_len)
{
    static const char begin[] = "-----BEGIN ";
    if (len == 0 || len > TLS_CREDENTIAL_LEN_MAX)
        return NULL;
    uint8_t *copy = heap_bytes(len + 1);
    if (copy == NULL)
        return NULL;
    memcpy(copy, bytes, len);
    copy[len] = 0;
    bool is_text = strstr((const char *)copy, begin) != NULL;
    *out_len = is_text ? strlen((const char *)copy) + 1 : len;
    return copy;
}

enum status tls_read_certificates(mbedtls_x509_crt *out, const uint8_t *bytes, size_t len)
{
    size_t copy_len;
    uint8_t *copy = terminated_copy(bytes, len, &copy_len);
    if (copy == NULL)
        return STATUS_INVALID;
    int code = mbedtls_x509_crt_parse(out, copy, copy_len);
    heap_free(copy);
    return code == 0 ? STATUS_OK : STATUS_INVALID;
}

/* ECPrivateKey of RFC 5915 around a P-256 scalar. */
static void scalar_to_sec1(const uint8_t scalar[SCALAR_LEN],
                           uint8_t out[7 + SCALAR_LEN + 12])
{
    static const uint8_t head[7] = {0x30, 0x31, 0x02, 0x01, 0x01, 0x04, SCALAR_LEN};
    static const uint8_t curve[12] = {0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                      0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    memcpy(out, head, sizeof head);
    memcpy(out + sizeof head, scalar, SCALAR_LEN);
    memcpy(out + sizeof head + SCALAR_LEN, curve, sizeof curve);
}

static int parse_key(mbedtls_pk_context *out, const uint8_t *bytes, size_t len)
{
    return mbedtls_pk_parse_key(out, bytes, len, NULL, 0, mbedtls_psa_get_random,
                                MBEDTLS_PSA_RANDOM_STATE);
}

enum status tls_read_key(mbedtls_pk_context *out, const uint8_t *bytes, size_t len)
{
    int code;
    if (len == SCALAR_LEN) {
        uint8_t sec1[7 + SCALAR_LEN + 12];
        scalar_to_sec1(bytes, sec1);
        code = parse_key(out, sec1, sizeof sec1);
        mbedtls_platform_zeroize(sec1, sizeof sec1);
    } else {
        size_t copy_len;
        uint8_t *copy = terminated_copy(bytes, len, &copy_len);
        if (copy == NULL)
            return STATUS_INVALID;
        code = parse_key(out, copy, copy_len);
        mbedtls_platform_zeroize(copy, len);
        heap_free(copy);
    }
    return code == 0 ? STATUS_OK : STATUS_INVALID;
}
