/* Homes: where named data objects live, outside any version.
 * SPDX-License-Identifier: MIT
 */
#include <core/namespace/namespace.h>
#include <core/namespace/private.h>

#include <mm/heap/heap.h>
#include <string.h>

char *string_copy(const char *s)
{
    size_t len = strlen(s) + 1;
    char *copy = heap_new_array(char, len);
    if (copy)
        memcpy(copy, s, len);
    return copy;
}

struct home *namespace_find_home(const struct namespace *ns, const char *cell,
                                 const char *key, bool constant)
{
    for (struct home *h = ns->homes; h; h = h->next)
        if (!h->orphan && (h->storage == CELL_STORE_RODATA) == constant &&
            strcmp(h->cell, cell) == 0 && strcmp(h->key, key) == 0)
            return h;
    return NULL;
}

enum status namespace_add_home(struct namespace *ns, const struct home *like,
                               struct home **out)
{
    struct home *h = heap_new(struct home);
    if (!h)
        return STATUS_FULL;
    *h = *like;
    h->refs = 0;
    h->cell = string_copy(like->cell);
    h->key = string_copy(like->key);
    if (!h->cell || !h->key) {
        heap_free(h->cell);
        heap_free(h->key);
        heap_free(h);
        return STATUS_FULL;
    }
    if (h->region)
        h->region->refs++;
    h->next = ns->homes;
    ns->homes = h;
    *out = h;
    return STATUS_OK;
}

void namespace_drop_home(struct namespace *ns, struct home *home)
{
    struct home **at = &ns->homes;
    while (*at && *at != home)
        at = &(*at)->next;
    if (*at)
        *at = home->next;
    home_region_unref(home->region);
    heap_free(home->cell);
    heap_free(home->key);
    heap_free(home);
}

void home_region_unref(struct home_region *region)
{
    if (region && --region->refs == 0) {
        cellmem_give(&region->memory);
        heap_free(region);
    }
}
