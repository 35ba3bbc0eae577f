/* What runs: the installer's cells, their content id, and the release they are known by.
 * SPDX-License-Identifier: MIT
 */
#include "private.h"

#include <lib/base/memory.h>
#include <string.h>

static int cell_compare(const void *left, const void *right)
{
    const struct client_cell *a = left;
    const struct client_cell *b = right;
    return strcmp(a->name, b->name);
}

static enum manifest_status content_of(const struct running_set *set,
                                       uint8_t out[MANIFEST_HASH_LEN])
{
    struct manifest_cell *cells =
        memory_new_array(struct manifest_cell, set->count ? set->count : 1);
    if (!cells)
        return MANIFEST_NO_MEMORY;
    for (size_t i = 0; i < set->count; i++) {
        cells[i].name = set->cells[i].name;
        memcpy(cells[i].object, set->cells[i].object, MANIFEST_HASH_LEN);
    }
    enum manifest_status status = manifest_content_id(cells, set->count, out);
    free(cells);
    return status;
}

enum manifest_status client_running_read(struct client *client, struct running_set *out,
                                         uint8_t out_content[MANIFEST_HASH_LEN])
{
    struct client_installer *installer = &client->ports.installer;
    struct running_set set = {
        .cells = memory_new_array(struct client_cell, MANIFEST_CELLS_MAX)};
    if (!set.cells)
        return MANIFEST_NO_MEMORY;
    set.count = installer->running(installer->context, set.cells, MANIFEST_CELLS_MAX);
    if (set.count > MANIFEST_CELLS_MAX) {
        free(set.cells);
        return MANIFEST_BAD_SET;
    }
    qsort(set.cells, set.count, sizeof *set.cells, cell_compare);
    enum manifest_status status = content_of(&set, out_content);
    if (status != MANIFEST_OK)
        free(set.cells);
    else
        *out = set;
    return status;
}

const struct client_cell *client_running_find(const struct running_set *set,
                                              const char *name)
{
    struct client_cell key;
    size_t len = strlen(name);
    if (len > CLIENT_NAME_MAX)
        return NULL;
    memcpy(key.name, name, len + 1);
    return bsearch(&key, set->cells, set->count, sizeof key, cell_compare);
}

enum manifest_status client_running_start(struct client *client)
{
    struct running_set set;
    uint8_t content[MANIFEST_HASH_LEN];
    enum manifest_status status = client_running_read(client, &set, content);
    if (status != MANIFEST_OK)
        return status;
    free(set.cells);
    if (!client->running_loaded ||
        memcmp(client->running.content, content, sizeof content) != 0) {
        memset(&client->running, 0, sizeof client->running);
        memcpy(client->running.content, content, sizeof content);
    }
    return MANIFEST_OK;
}
