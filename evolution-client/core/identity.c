/* The device key, its certificate, and enrolment.
 * SPDX-License-Identifier: MIT
 */
#include "private.h"

#include <mbedtls/platform_util.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool client_random(struct client *client, void *out, size_t len)
{
    struct client_system *system = &client->ports.system;
    return system->random(system->context, out, len);
}

int client_random_port(void *context, unsigned char *out, size_t len)
{
    return client_random(context, out, len) ? 0 : -1;
}

/* A machine's id is the beginning of its key's. */
static void machine_name(struct client *client)
{
    manifest_hex_write(client->secret.key.id, MANIFEST_MACHINE_LEN / 2, client->machine);
    memcpy(client->trust.machine, client->machine, sizeof client->machine);
}

bool client_identity_ensure(struct client *client)
{
    if (!client->has_secret) {
        if (manifest_secret_make(client_random_port, client, &client->secret) !=
            MANIFEST_OK)
            return false;
        client->has_secret = true;
        client_blob_touch(client);
    }
    machine_name(client);
    return true;
}

/* RFC 5915: version 1, the scalar, the curve's name, the public point. */
static void key_der(const struct manifest_secret *secret, uint8_t out[KEY_DER_LEN])
{
    static const uint8_t before[] = {0x30, 0x77, 0x02, 0x01, 0x01, 0x04, 0x20};
    static const uint8_t between[] = {0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                      0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
                                      0xa1, 0x44, 0x03, 0x42, 0x00};
    _Static_assert(sizeof before + 32 + sizeof between + MANIFEST_PUBLIC_LEN == KEY_DER_LEN,
                   "the parts make the whole");
    memcpy(out, before, sizeof before);
    out += sizeof before;
    memcpy(out, secret->scalar, 32);
    out += 32;
    memcpy(out, between, sizeof between);
    out += sizeof between;
    memcpy(out, secret->key.public_key, MANIFEST_PUBLIC_LEN);
}

void client_identity_apply(struct client *client)
{
    struct client_transport *transport = &client->ports.transport;
    uint8_t der[KEY_DER_LEN];
    if (!client->certificate) {
        transport->set_identity(transport->context, NULL, NULL, 0);
        return;
    }
    key_der(&client->secret, der);
    transport->set_identity(transport->context, client->certificate, der, sizeof der);
    mbedtls_platform_zeroize(der, sizeof der);
}

char *client_identity_enroll_text(struct client *client)
{
    char public_key[2 * MANIFEST_PUBLIC_LEN + 1];
    char nonce_text[33];
    char proof_text[2 * MANIFEST_SIGNATURE_LEN + 1];
    uint8_t nonce[16], digest[MANIFEST_HASH_LEN], proof[MANIFEST_SIGNATURE_LEN];
    char statement[512];
    manifest_hex_write(client->secret.key.public_key, MANIFEST_PUBLIC_LEN, public_key);
    int len = snprintf(statement, sizeof statement, "neurath-enroll\n%s\n%s",
                       client->seed.token, public_key);
    if (len < 0 || (size_t)len >= sizeof statement ||
        !client_random(client, nonce, sizeof nonce) ||
        manifest_hash(statement, (size_t)len, digest) != MANIFEST_OK ||
        manifest_secret_sign(&client->secret, digest, client_random_port, client,
                             proof) != MANIFEST_OK)
        return NULL;
    manifest_hex_write(nonce, sizeof nonce, nonce_text);
    manifest_hex_write(proof, sizeof proof, proof_text);
    json_t *body = json_pack("{s:s, s:s, s:s, s:s, s:s}", "token", client->seed.token,
                             "name", client->seed.machine_name, "public_key", public_key,
                             "nonce", nonce_text, "proof", proof_text);
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    return text;
}
