/* The seed: what the boot archive says about server, keys and channel; and base64.
 * SPDX-License-Identifier: MIT
 */
#include "private.h"

#include <lib/base/memory.h>
#include <mbedtls/base64.h>
#include <string.h>

enum manifest_status client_base64_read(const char *text, uint8_t **out, size_t *out_len)
{
    size_t text_len = strlen(text);
    size_t len = 0;
    uint8_t *bytes = memory_new_array(uint8_t, text_len / 4 * 3 + 4);
    if (!bytes)
        return MANIFEST_NO_MEMORY;
    if (mbedtls_base64_decode(bytes, text_len / 4 * 3 + 4, &len,
                              (const unsigned char *)text, text_len) != 0) {
        free(bytes);
        return MANIFEST_BAD_FIELD;
    }
    *out = bytes;
    *out_len = len;
    return MANIFEST_OK;
}

char *client_base64_write(const uint8_t *bytes, size_t len)
{
    size_t room = (len + 2) / 3 * 4 + 1;
    size_t written = 0;
    char *text = memory_new_array(char, room);
    if (text &&
        mbedtls_base64_encode((unsigned char *)text, room, &written, bytes, len) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* A string of 1 to MAX bytes; NULL: missing or other. */
static const char *string_of(const json_t *document, const char *name, size_t max)
{
    const json_t *value = json_object_get(document, name);
    size_t len = json_string_length(value);
    return len > 0 && len <= max ? json_string_value(value) : NULL;
}

static bool is_hex_id(const char *text)
{
    uint8_t id[MANIFEST_MACHINE_LEN / 2];
    return text && manifest_hex_read(text, id, sizeof id);
}

static enum manifest_status fields_read(const json_t *document, struct seed *seed)
{
    json_int_t port = json_integer_value(json_object_get(document, "port"));
    json_int_t trial_ms = json_integer_value(json_object_get(document, "trial_ms"));
    const char *roots = string_of(document, "root", MANIFEST_FRAME_MAX);
    const char *blob = json_string_value(json_object_get(document, "blob"));
    const char *reset = json_string_value(json_object_get(document, "reset"));
    seed->fleet = string_of(document, "fleet", MANIFEST_MACHINE_LEN);
    seed->ca = string_of(document, "ca", 64 * 1024);
    seed->address = string_of(document, "address", 255);
    seed->server_name = string_of(document, "server_name", 255);
    seed->token = string_of(document, "token", 255);
    seed->channel = string_of(document, "channel", MANIFEST_NAME_MAX);
    seed->machine_name = string_of(document, "machine_name", MANIFEST_NAME_MAX);
    if (json_integer_value(json_object_get(document, "version")) != 1 ||
        !is_hex_id(seed->fleet) || !seed->ca || !seed->address || !seed->server_name ||
        !seed->token || !seed->channel || !manifest_name_valid(seed->channel) ||
        !seed->machine_name || port < 1 || port > 65535 || trial_ms < 0 || !roots)
        return MANIFEST_BAD_FIELD;
    seed->port = (uint16_t)port;
    seed->trial_ms = (uint64_t)trial_ms;
    seed->reset_by_guest = reset && strcmp(reset, "guest") == 0;
    enum manifest_status status =
        client_base64_read(roots, &seed->roots, &seed->roots_len);
    if (status == MANIFEST_OK && blob)
        status = client_base64_read(blob, &seed->blob, &seed->blob_len);
    return status;
}

enum manifest_status client_seed_read(const char *text, size_t len, struct seed *out)
{
    struct seed seed = {0};
    enum manifest_status status = manifest_json_read(text, len, &seed.document);
    if (status == MANIFEST_OK)
        status = fields_read(seed.document, &seed);
    if (status == MANIFEST_OK)
        *out = seed;
    else
        client_seed_fini(&seed);
    return status;
}

void client_seed_fini(struct seed *seed)
{
    free(seed->roots);
    free(seed->blob);
    json_decref(seed->document);
    *seed = (struct seed){0};
}
