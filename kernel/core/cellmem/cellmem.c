/* Cell memory in the kernel: frames of their own, mapped with the rights of their kind.
 * SPDX-License-Identifier: MIT
 *
 * Frames that hold text or constants leave the direct map while they do, so the alias is the
 * only writable mapping that they ever have, and it lives from take to seal, or from
 * cellmem_alias_open() to _close(). The swap task is the only caller after boot.
 */
#include <core/cellmem/cellmem.h>

#include <lib/base/evolve.h>
#include <lib/random/random.h>
#include <mm/frame/frame.h>
#include <mm/heap/heap.h>
#include <mm/paging/paging.h>
#include <string.h>

/* Text, constants, and the homes of named objects. */
EVOLVE_FRAMES(none);

enum {
    ALIAS_PAGES = (PAGING_ALIAS_END - PAGING_ALIAS_BASE) / PAGE_SIZE,
    PLACE_TRIES = 64,
    BATCH = 32 /* pages that all CPUs forget together */
};

#define NO_FRAME UINT64_MAX

/* A range of addresses in use, with its guard pages. */
struct range {
    struct range *next;
    uint64_t begin;
    uint64_t end;
};

/* Ranges of text that was given back lately: a stale pointer into one finds nothing there. */
struct past {
    uint64_t begin;
    uint64_t end;
};

enum { PAST_RANGES = 128 };

static struct {
    struct range *ranges;
    struct past past[PAST_RANGES];
    uint32_t past_next;
    uint32_t alias_next; /* where the search for free alias pages starts */
    uint8_t alias_used[ALIAS_PAGES / 8];
} state;

static bool is_readonly(enum cellmem_kind kind)
{
    return kind == CELLMEM_TEXT || kind == CELLMEM_RODATA || kind == CELLMEM_STUB;
}

static unsigned rights(enum cellmem_kind kind)
{
    if (kind == CELLMEM_TEXT || kind == CELLMEM_STUB)
        return PAGING_EXEC;
    return is_readonly(kind) ? 0 : PAGING_WRITE;
}

static bool alias_taken(uint32_t page)
{
    return state.alias_used[page / 8] >> (page % 8) & 1;
}

static void alias_mark(uint32_t page, uint64_t pages, bool used)
{
    for (uint64_t i = 0; i < pages; i++) {
        uint8_t bit = (uint8_t)(1 << ((page + i) % 8));
        if (used)
            state.alias_used[(page + i) / 8] |= bit;
        else
            state.alias_used[(page + i) / 8] &= (uint8_t)~bit;
    }
}

/* Finds PAGES adjacent free alias pages, the search going round once. */
static bool alias_find(uint64_t pages, uint32_t *out_page)
{
    uint64_t run = 0;
    for (uint64_t i = 0; i < (uint64_t)ALIAS_PAGES + pages; i++) {
        uint32_t page = (uint32_t)((state.alias_next + i) % ALIAS_PAGES);
        run = page == 0 ? 0 : run;
        run = alias_taken(page) ? 0 : run + 1;
        if (run == pages) {
            *out_page = page - (uint32_t)pages + 1;
            state.alias_next = (page + 1) % ALIAS_PAGES;
            return true;
        }
    }
    return false;
}

static uint64_t alias_va(uint32_t page)
{
    return PAGING_ALIAS_BASE + (uint64_t)page * PAGE_SIZE;
}

static void alias_release(uint64_t va, uint64_t pages)
{
    paging_unmap(va, pages);
    alias_mark((uint32_t)((va - PAGING_ALIAS_BASE) / PAGE_SIZE), pages, false);
}

static bool range_free(uint64_t begin, uint64_t end)
{
    for (const struct range *r = state.ranges; r; r = r->next)
        if (begin < r->end && r->begin < end)
            return false;
    for (uint32_t i = 0; i < PAST_RANGES; i++)
        if (begin < state.past[i].end && state.past[i].begin < end)
            return false;
    return true;
}

/* Takes an address range with a guard page on each side, at a random place. */
static enum status range_take(uint64_t pages, uint64_t *out_va)
{
    uint64_t slots = (PAGING_CELL_END - PAGING_CELL_BASE) / PAGE_SIZE;
    struct range *r = heap_new(struct range);
    if (!r)
        return STATUS_FULL;
    for (int i = 0; pages + 2 < slots && i < PLACE_TRIES; i++) {
        uint32_t dice;
        if (random_fill(&dice, sizeof dice) != STATUS_OK)
            dice = (uint32_t)i * 7919;
        uint64_t begin = PAGING_CELL_BASE + dice % (slots - pages - 2) * PAGE_SIZE;
        uint64_t end = begin + (pages + 2) * PAGE_SIZE;
        if (!range_free(begin, end))
            continue;
        *r = (struct range){.next = state.ranges, .begin = begin, .end = end};
        state.ranges = r;
        *out_va = begin + PAGE_SIZE;
        return STATUS_OK;
    }
    heap_free(r);
    return STATUS_FULL;
}

static void range_give(uint64_t va, enum cellmem_kind kind)
{
    struct range **at = &state.ranges;
    while (*at && (*at)->begin != va - PAGE_SIZE)
        at = &(*at)->next;
    if (*at) {
        struct range *r = *at;
        *at = r->next;
        if (kind == CELLMEM_TEXT)
            state.past[state.past_next++ % PAST_RANGES] =
                (struct past){.begin = r->begin, .end = r->end};
        heap_free(r);
    }
}

/* All CPUs forget the pages at once; then their frames may be used again. */
static void give_batch(uint64_t va, uint64_t pages, bool readonly)
{
    uint64_t phys[BATCH];
    for (uint64_t i = 0; i < pages; i++)
        if (paging_walk(va + i * PAGE_SIZE, &phys[i], NULL) != STATUS_OK)
            phys[i] = NO_FRAME;
    paging_unmap(va, pages);
    for (uint64_t i = 0; i < pages; i++)
        /* A frame that cannot return to the direct map is lost rather than misused. */
        if (phys[i] != NO_FRAME &&
            (!readonly || paging_direct_restore(phys[i]) == STATUS_OK))
            frame_put(phys[i]);
}

/* Unmaps and frees the first PAGES pages of a region. */
static void give_pages(uint64_t va, uint64_t pages, bool readonly)
{
    for (uint64_t i = 0; i < pages; i += BATCH)
        give_batch(va + i * PAGE_SIZE, min_u64(pages - i, BATCH), readonly);
}

/* Maps one page that is in the direct map no more, and its alias. */
static enum status map_page(enum cellmem_kind kind, uint64_t phys, uint64_t va,
                            uint64_t write)
{
    if (paging_map(va, phys, 1, rights(kind)) != STATUS_OK)
        return STATUS_FULL;
    if (!is_readonly(kind) || paging_map(write, phys, 1, PAGING_WRITE) == STATUS_OK)
        return STATUS_OK;
    paging_unmap(va, 1);
    return STATUS_FULL;
}

static bool is_removed(uint64_t phys)
{
    return paging_walk((uint64_t)phys_to_virt(phys), NULL, NULL) != STATUS_OK;
}

/* Fills PAGES <= BATCH frames and maps them; all or none. */
static enum status take_batch(enum cellmem_kind kind, uint64_t va, uint64_t write,
                              uint64_t pages)
{
    uint64_t phys[BATCH];
    uint64_t taken = 0;
    uint64_t mapped = 0;
    int fill = rights(kind) & PAGING_EXEC ? 0xcc : 0;
    for (; taken < pages && frame_take(&phys[taken]) == STATUS_OK; taken++)
        memset(phys_to_virt(phys[taken]), fill, PAGE_SIZE);
    if (taken < pages ||
        (is_readonly(kind) && paging_direct_remove(phys, taken) != STATUS_OK))
        goto put_frames;
    while (mapped < pages && map_page(kind, phys[mapped], va + mapped * PAGE_SIZE,
                                      write + mapped * PAGE_SIZE) == STATUS_OK)
        mapped++;
    if (mapped == pages)
        return STATUS_OK;
    paging_unmap(va, mapped);
    if (is_readonly(kind))
        paging_unmap(write, mapped);
put_frames:
    for (uint64_t i = 0; i < taken; i++) {
        /* A frame that cannot return to the direct map is lost rather than misused. */
        if (!is_removed(phys[i]) || paging_direct_restore(phys[i]) == STATUS_OK)
            frame_put(phys[i]);
    }
    return STATUS_FULL;
}

enum status cellmem_take(enum cellmem_kind kind, uint64_t len, struct cellmem_region *out)
{
    uint64_t pages = align_up(len, PAGE_SIZE) / PAGE_SIZE;
    uint64_t va;
    uint32_t alias = 0;
    if (range_take(pages, &va) != STATUS_OK)
        return STATUS_FULL;
    if (is_readonly(kind)) {
        if (!alias_find(pages, &alias)) {
            range_give(va, kind);
            return STATUS_FULL;
        }
        alias_mark(alias, pages, true);
    }
    for (uint64_t i = 0; i < pages; i += BATCH) {
        if (take_batch(kind, va + i * PAGE_SIZE, alias_va(alias) + i * PAGE_SIZE,
                       min_u64(pages - i, BATCH)) == STATUS_OK)
            continue;
        if (is_readonly(kind))
            alias_release(alias_va(alias), pages);
        give_pages(va, i, is_readonly(kind));
        range_give(va, kind);
        return STATUS_FULL;
    }
    *out = (struct cellmem_region){
        .va = va,
        .len = pages * PAGE_SIZE,
        .kind = kind,
        .write = (uint8_t *)(is_readonly(kind) ? alias_va(alias) : va),
    };
    return STATUS_OK;
}

void cellmem_seal(struct cellmem_region *region)
{
    if (region->write && is_readonly(region->kind))
        alias_release((uint64_t)region->write, region->len / PAGE_SIZE);
    region->write = NULL;
}

void cellmem_give(struct cellmem_region *region)
{
    if (region->va && region->len) {
        cellmem_seal(region);
        give_pages(region->va, region->len / PAGE_SIZE, is_readonly(region->kind));
        range_give(region->va, region->kind);
    }
    *region = (struct cellmem_region){0};
}

enum status cellmem_alias_open(uint64_t va, uint8_t **out_write)
{
    uint64_t phys;
    unsigned flags;
    uint32_t alias;
    uint64_t page = align_down(va, PAGE_SIZE);
    if (paging_walk(page, &phys, &flags) != STATUS_OK)
        return STATUS_FULL;
    if (flags & PAGING_WRITE) {
        *out_write = (uint8_t *)va;
        return STATUS_OK;
    }
    if (!alias_find(1, &alias))
        return STATUS_FULL;
    if (paging_map(alias_va(alias), phys, 1, PAGING_WRITE) != STATUS_OK)
        return STATUS_FULL;
    alias_mark(alias, 1, true);
    *out_write = (uint8_t *)alias_va(alias) + (va - page);
    return STATUS_OK;
}

void cellmem_alias_close(uint64_t va, uint8_t *write)
{
    if ((uint64_t)write != va)
        alias_release(align_down((uint64_t)write, PAGE_SIZE), 1);
}

void cellmem_aliases_close(uint8_t *write, uint64_t pages)
{
    alias_release((uint64_t)write, pages);
}

const uint8_t *cellmem_view(uint64_t va)
{
    return (const uint8_t *)va;
}

uint8_t *cellmem_data(uint64_t va)
{
    return (uint8_t *)va;
}
