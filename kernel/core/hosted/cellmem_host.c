/* Cell memory on a host: addresses are numbers, bytes live in ordinary memory.
 * SPDX-License-Identifier: MIT
 */
#include <core/hosted/cellmem_host.h>

#include <stdlib.h>
#include <string.h>

struct block {
    struct block *next;
    uint64_t va;
    uint64_t len;
    uint8_t *bytes;
};

enum { WINDOW_LEN = 256 << 20 };

static struct block *blocks;
static struct cellmem_window windows[CELLMEM_KINDS];

void cellmem_host_reset(const uint64_t base[CELLMEM_KINDS])
{
    while (blocks) {
        struct block *b = blocks;
        blocks = b->next;
        free(b->bytes);
        free(b);
    }
    for (int i = 0; i < CELLMEM_KINDS; i++)
        windows[i] = (struct cellmem_window){.base = base[i]};
}

const struct cellmem_window *cellmem_host_window(enum cellmem_kind kind)
{
    return &windows[kind];
}

static struct block *block_at(uint64_t va)
{
    for (struct block *b = blocks; b; b = b->next)
        if (va >= b->va && va - b->va < b->len)
            return b;
    return NULL;
}

enum status cellmem_take(enum cellmem_kind kind, uint64_t len, struct cellmem_region *out)
{
    struct cellmem_window *w = &windows[kind];
    len = align_up(len, CELLMEM_PAGE);
    if (w->base == 0 || len > WINDOW_LEN - w->used)
        return STATUS_FULL;
    struct block *b = calloc(1, sizeof *b);
    uint8_t *bytes = malloc(len);
    if (!b || !bytes) {
        free(b);
        free(bytes);
        return STATUS_FULL;
    }
    memset(bytes, kind == CELLMEM_TEXT || kind == CELLMEM_STUB ? 0xcc : 0, len);
    *b = (struct block){
        .next = blocks, .va = w->base + w->used, .len = len, .bytes = bytes};
    blocks = b;
    w->used += len;
    *out = (struct cellmem_region){.va = b->va, .len = len, .kind = kind, .write = bytes};
    return STATUS_OK;
}

void cellmem_seal(struct cellmem_region *region)
{
    region->write = NULL;
}

void cellmem_give(struct cellmem_region *region)
{
    struct block **at = &blocks;
    while (*at && (*at)->va != region->va)
        at = &(*at)->next;
    if (region->va && *at) {
        struct block *b = *at;
        *at = b->next;
        free(b->bytes);
        free(b);
    }
    region->va = 0;
    region->write = NULL;
}

enum status cellmem_alias_open(uint64_t va, uint8_t **out_write)
{
    struct block *b = block_at(va);
    if (!b)
        return STATUS_FULL;
    *out_write = b->bytes + (va - b->va);
    return STATUS_OK;
}

void cellmem_alias_close(uint64_t va, uint8_t *write)
{
    (void)va;
    (void)write;
}

void cellmem_aliases_close(uint8_t *write, uint64_t pages)
{
    (void)write;
    (void)pages;
}

const uint8_t *cellmem_view(uint64_t va)
{
    struct block *b = block_at(va);
    return b ? b->bytes + (va - b->va) : NULL;
}

uint8_t *cellmem_data(uint64_t va)
{
    struct block *b = block_at(va);
    return b ? b->bytes + (va - b->va) : NULL;
}
