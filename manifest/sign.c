/* Signing of frames, for hosts.
 * SPDX-License-Identifier: MIT
 */
#include <manifest/sign.h>

#include "frame.h"

#include <string.h>
#include <sys/random.h>

static int system_random(void *context, unsigned char *out, size_t len)
{
    (void)context;
    while (len > 0) {
        ssize_t got = getrandom(out, len, 0);
        if (got < 0)
            return -1;
        out += got;
        len -= (size_t)got;
    }
    return 0;
}

enum manifest_status manifest_secret_generate(struct manifest_secret *out)
{
    return manifest_secret_make(system_random, NULL, out);
}

enum manifest_status manifest_secret_load(const uint8_t scalar[32],
                                          struct manifest_secret *out)
{
    return manifest_secret_read(scalar, system_random, NULL, out);
}

enum manifest_status manifest_sign_digest(const struct manifest_secret *secret,
                                          const uint8_t digest[MANIFEST_HASH_LEN],
                                          uint8_t out_signature[MANIFEST_SIGNATURE_LEN])
{
    return manifest_secret_sign(secret, digest, system_random, NULL, out_signature);
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
        manifest_frame_signature(&decoded, i, &signatures[count]);
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
