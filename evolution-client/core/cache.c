/* Verified objects in memory: what was fetched for an attempt is not fetched again for the next.
 * SPDX-License-Identifier: MIT
 */
#include "private.h"

#include <lib/base/memory.h>
#include <string.h>

/* Frees the oldest objects that nobody needs until ROOM more bytes fit. Newest stand first. */
static void make_room(struct client *client, size_t room)
{
    size_t total = room;
    for (struct cached **at = &client->cache; *at;) {
        struct cached *entry = *at;
        if (!entry->pinned && total + entry->len > CACHE_MAX) {
            *at = entry->next;
            free(entry->bytes);
            free(entry);
            continue;
        }
        total += entry->len;
        at = &entry->next;
    }
}

bool client_cache_put(struct client *client, const uint8_t object[MANIFEST_HASH_LEN],
                      uint8_t *bytes, size_t len)
{
    struct cached *entry = memory_new(struct cached);
    if (!entry) {
        free(bytes);
        return false;
    }
    make_room(client, len);
    *entry =
        (struct cached){.next = client->cache, .bytes = bytes, .len = len, .pinned = true};
    memcpy(entry->object, object, MANIFEST_HASH_LEN);
    client->cache = entry;
    return true;
}

const struct cached *client_cache_find(struct client *client,
                                       const uint8_t object[MANIFEST_HASH_LEN])
{
    for (struct cached *entry = client->cache; entry; entry = entry->next)
        if (memcmp(entry->object, object, MANIFEST_HASH_LEN) == 0) {
            entry->pinned = true;
            return entry;
        }
    return NULL;
}

void client_cache_unpin(struct client *client)
{
    for (struct cached *entry = client->cache; entry; entry = entry->next)
        entry->pinned = false;
    make_room(client, 0);
}

void client_cache_fini(struct client *client)
{
    while (client->cache) {
        struct cached *entry = client->cache;
        client->cache = entry->next;
        free(entry->bytes);
        free(entry);
    }
}
