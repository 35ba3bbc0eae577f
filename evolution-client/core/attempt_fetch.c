/* What an attempt fetches: the release, then the objects that this machine lacks.
 * SPDX-License-Identifier: MIT
 */
#include "private.h"

#include <lib/base/memory.h>
#include <stdio.h>
#include <string.h>

/* Whether this machine has the object already; what the installer lends is hashed before it is believed. */
static bool have_object(struct client *client, struct attempt_cell *cell)
{
    struct client_installer *installer = &client->ports.installer;
    const uint8_t *bytes;
    uint8_t hash[MANIFEST_HASH_LEN];
    size_t len;
    if (client_cache_find(client, cell->new_object))
        return true;
    if (cell->looked)
        return false;
    cell->looked = true;
    if (!installer->find ||
        !installer->find(installer->context, cell->name, cell->new_object, &bytes, &len) ||
        len != cell->length || manifest_hash(bytes, len, hash) != MANIFEST_OK ||
        memcmp(hash, cell->new_object, sizeof hash) != 0)
        return false;
    uint8_t *copy = memory_new_array(uint8_t, len);
    if (!copy)
        return false;
    memcpy(copy, bytes, len);
    return client_cache_put(client, cell->new_object, copy, len);
}

const struct attempt_cell *client_attempt_missing(struct client *client)
{
    struct attempt *attempt = &client->attempt;
    for (size_t i = 0; i < attempt->cell_count; i++)
        if (attempt->cells[i].has_new && !have_object(client, &attempt->cells[i]))
            return &attempt->cells[i];
    return NULL;
}

enum work_job client_attempt_wants(struct client *client, char *path, size_t path_len,
                                   uint64_t *out_length, const uint8_t **out_object)
{
    struct attempt *attempt = &client->attempt;
    if (attempt->stage == ATTEMPT_RELEASE) {
        snprintf(path, path_len, "/m/v1/release/%llu",
                 (unsigned long long)attempt->news.release);
        *out_length = attempt->news.release_length;
        return WORK_RELEASE;
    }
    const struct attempt_cell *cell =
        attempt->stage == ATTEMPT_OBJECTS ? client_attempt_missing(client) : NULL;
    if (!cell)
        return WORK_NONE;
    char hash[2 * MANIFEST_HASH_LEN + 1];
    manifest_hex_write(cell->new_object, MANIFEST_HASH_LEN, hash);
    snprintf(path, path_len, "/m/v1/objects/%s", hash);
    *out_length = cell->length;
    *out_object = cell->new_object;
    return WORK_OBJECT;
}

void client_attempt_got_object(struct client *client, uint8_t *bytes, size_t len)
{
    struct attempt *attempt = &client->attempt;
    const struct attempt_cell *cell = client_attempt_missing(client);
    uint8_t hash[MANIFEST_HASH_LEN];
    if (!cell || len != cell->length || manifest_hash(bytes, len, hash) != MANIFEST_OK ||
        memcmp(hash, cell->new_object, sizeof hash) != 0) {
        free(bytes);
        if (attempt->bad_hash)
            client_attempt_refuse(client, manifest_status_code(MANIFEST_WRONG_HASH),
                                  "an object is not what the release says", RETRY_SOON_NS);
        else
            attempt->bad_hash = true;
        return;
    }
    attempt->bad_hash = false;
    attempt->fetch_failures = 0;
    if (!client_cache_put(client, cell->new_object, bytes, len))
        client_attempt_refuse(client, "no_memory", "no memory for the objects",
                              RETRY_SOON_NS);
    client->progress = true;
}

static bool is_weather(const char *code)
{
    static const char *const weather[] = {"connect", "tls", "closed", "timeout", "random"};
    for (size_t i = 0; i < sizeof weather / sizeof weather[0]; i++)
        if (strcmp(code, weather[i]) == 0)
            return true;
    return false;
}

void client_attempt_fetch_failed(struct client *client, const char *code, bool decisive)
{
    struct attempt *attempt = &client->attempt;
    if (attempt->stage != ATTEMPT_RELEASE && attempt->stage != ATTEMPT_OBJECTS)
        return;
    client_set_reason(client, code);
    /* A network that fails is waited out for ever; a server that answers wrongly is told so after a few tries. */
    if (is_weather(code) || ++attempt->fetch_failures < FETCH_TRIES_MAX)
        return;
    client_attempt_refuse(client, code, "the server does not give what the release names",
                          decisive ? RETRY_LATE_NS : RETRY_SOON_NS);
}
