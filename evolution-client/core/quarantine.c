/* What failed here, by content and by object: not tried again until told; and what ended without a verdict.
 * SPDX-License-Identifier: MIT
 */
#include "private.h"

#include <stdio.h>
#include <string.h>

const struct quarantined *client_quarantine_find(const struct client *client,
                                                 bool is_object,
                                                 const uint8_t hash[MANIFEST_HASH_LEN])
{
    for (size_t i = 0; i < client->quarantine_count; i++) {
        const struct quarantined *entry = &client->quarantine[i];
        if (entry->is_object == is_object &&
            memcmp(entry->hash, hash, MANIFEST_HASH_LEN) == 0)
            return entry;
    }
    return NULL;
}

void client_quarantine_add(struct client *client, bool is_object,
                           const uint8_t hash[MANIFEST_HASH_LEN], const char *code)
{
    if (client_quarantine_find(client, is_object, hash))
        return;
    if (client->quarantine_count == QUARANTINE_MAX) {
        client->quarantine_count--;
        memmove(&client->quarantine[0], &client->quarantine[1],
                client->quarantine_count * sizeof client->quarantine[0]);
    }
    struct quarantined *entry = &client->quarantine[client->quarantine_count++];
    entry->is_object = is_object;
    memcpy(entry->hash, hash, MANIFEST_HASH_LEN);
    snprintf(entry->code, sizeof entry->code, "%s", code);
    client_blob_touch(client);
}

unsigned client_tries_add(struct client *client, const uint8_t content[MANIFEST_HASH_LEN])
{
    struct tries *entry = NULL;
    for (size_t i = 0; i < client->tries_count && !entry; i++)
        if (memcmp(client->tries[i].content, content, MANIFEST_HASH_LEN) == 0)
            entry = &client->tries[i];
    if (!entry) {
        if (client->tries_count == TRIES_MAX) {
            client->tries_count--;
            memmove(&client->tries[0], &client->tries[1],
                    client->tries_count * sizeof client->tries[0]);
        }
        entry = &client->tries[client->tries_count++];
        memcpy(entry->content, content, MANIFEST_HASH_LEN);
        entry->count = 0;
    }
    client_blob_touch(client);
    return ++entry->count;
}

void client_tries_clear(struct client *client, const uint8_t content[MANIFEST_HASH_LEN])
{
    for (size_t i = 0; i < client->tries_count; i++)
        if (memcmp(client->tries[i].content, content, MANIFEST_HASH_LEN) == 0) {
            client->tries[i] = client->tries[--client->tries_count];
            client_blob_touch(client);
            return;
        }
}
