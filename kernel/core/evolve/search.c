/* Looks through homes and the heap for words that lie in given ranges.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/search.h>

#include <core/guard/guard.h>
#include <core/plan/elements.h>
#include <mm/heap/heap.h>
#include <mm/paging/paging.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK_PAGES = 64,   /* looked at in one step of the swap task */
    PART_PAGES = 64,    /* a bit for each */
    FILTER_WORDS = 512, /* a bit for each page of 128 MiB, then from the begin again */
    SLACK = 64,
    ROUNDS = 2,
};

/* Up to 64 pages of one run of the heap. */
struct part {
    uint64_t begin;
    uint64_t end;
    uint64_t objects; /* where the run begins */
    uint64_t object_len;
    uint64_t pages; /* a bit for each that is to be looked at */
    bool single;    /* the run is one object */
};

struct span {
    uint64_t begin;
    uint64_t end;
    const struct home *home;
    bool leaves;
};

/* A page with homes. */
struct home_page {
    uint64_t va;
    uint32_t first; /* place of the first span that reaches it */
    bool look;
};

static struct {
    /* All ranges lie in these pages, by number: an address would look like a pointer to what lies there. */
    uint64_t first_page;
    uint64_t last_page;
    uint64_t filter[FILTER_WORDS];
    struct span *spans; /* sorted */
    uint32_t span_count;
    struct home_page *pages; /* sorted */
    uint32_t page_count;
    struct part *parts;
    uint64_t part_count;
    uint64_t part_room;
    uint32_t round; /* of search_ahead(); 0: nothing was looked at */
    bool listed;    /* in this round */
    uint64_t next_page;
    uint64_t next_part;
    bool overflow;
} search;

/* ---- words --------------------------------------------------------------------------------- */

void search_for(uint64_t begin, uint64_t end)
{
    uint64_t page = begin / PAGE_SIZE;
    if (begin >= end)
        return;
    search.first_page = search.last_page ? min_u64(search.first_page, page) : page;
    search.last_page = max_u64(search.last_page, (end - 1) / PAGE_SIZE);
    for (uint64_t at = align_down(begin, PAGE_SIZE); at < end; at += PAGE_SIZE)
        search.filter[at >> 18 & (FILTER_WORDS - 1)] |= 1ull << (at >> 12 & 63);
}

static bool passes(uint64_t word)
{
    return search.filter[word >> 18 & (FILTER_WORDS - 1)] >> (word >> 12 & 63) & 1;
}

/* Gives the first word from W on that lies between the first and the last page, or END. */
static const volatile uint64_t *next_word(const volatile uint64_t *w,
                                          const volatile uint64_t *end)
{
    const uint64_t low = search.first_page * PAGE_SIZE;
    const uint64_t len =
        search.last_page ? (search.last_page + 1 - search.first_page) * PAGE_SIZE : 0;
    for (; end - w >= 8; w += 8) {
        if (w[0] - low < len)
            return w;
        if (w[1] - low < len)
            return w + 1;
        if (w[2] - low < len)
            return w + 2;
        if (w[3] - low < len)
            return w + 3;
        if (w[4] - low < len)
            return w + 4;
        if (w[5] - low < len)
            return w + 5;
        if (w[6] - low < len)
            return w + 6;
        if (w[7] - low < len)
            return w + 7;
    }
    for (; w < end; w++)
        if (*w - low < len)
            return w;
    return end;
}

static bool look(uint64_t begin, uint64_t end, const struct part *part,
                 const struct home *home, search_fn show)
{
    const volatile uint64_t *last = (const volatile uint64_t *)align_down(end, 8);
    const volatile uint64_t *w = (const volatile uint64_t *)align_up(begin, 8);
    for (; w < last; w++) {
        w = next_word(w, last);
        uint64_t word = w < last ? *w : 0;
        if (w == last || !passes(word))
            continue;
        struct search_place place = {.at = (uint64_t)w, .home = home};
        if (part)
            place.object = place.at - (place.at - part->objects) % part->object_len;
        if (show(word, &place))
            return true;
    }
    return false;
}

bool search_stack(uint64_t begin, uint64_t end, search_fn show)
{
    return look(begin, end, NULL, NULL, show);
}

/* ---- homes --------------------------------------------------------------------------------- */

/* What this file itself notes is no reference. */
static bool is_own(const struct home *h)
{
    return (uint64_t)&search - h->va < h->len;
}

static int by_begin(const void *a, const void *b)
{
    uint64_t x = ((const struct span *)a)->begin;
    uint64_t y = ((const struct span *)b)->begin;
    return (x > y) - (x < y);
}

/* Both homes of a page, and a home of several pages, are found from the page. */
static void list_pages(void)
{
    uint64_t next = 0;
    for (uint32_t i = 0; i < search.span_count; i++) {
        const struct span *s = &search.spans[i];
        uint64_t page = max_u64(align_down(s->begin, PAGE_SIZE), next);
        for (; page < s->end; page += PAGE_SIZE) {
            search.pages[search.page_count++] = (struct home_page){page, i, false};
            next = page + PAGE_SIZE;
        }
    }
}

static bool list_homes(const struct namespace *ns, search_leaves_fn leaves)
{
    uint64_t homes = 1;
    uint64_t pages = 1;
    for (const struct home *h = ns->homes; h; h = h->next) {
        homes++;
        pages += h->len / PAGE_SIZE + 2;
    }
    search.spans = heap_new_array(struct span, homes);
    search.pages = heap_new_array(struct home_page, pages);
    if (!search.spans || !search.pages)
        return false;
    for (const struct home *h = ns->homes; h; h = h->next)
        if (!is_own(h) && h->len)
            search.spans[search.span_count++] =
                (struct span){h->va, h->va + h->len, h, leaves(h)};
    qsort(search.spans, search.span_count, sizeof *search.spans, by_begin);
    list_pages();
    return true;
}

static bool look_at_page(const struct home_page *page, bool all, bool leave,
                         search_fn show)
{
    for (uint32_t i = page->first;
         i < search.span_count && search.spans[i].begin < page->va + PAGE_SIZE; i++) {
        const struct span *s = &search.spans[i];
        if ((all || s->leaves == leave) &&
            look(max_u64(s->begin, page->va), min_u64(s->end, page->va + PAGE_SIZE), NULL,
                 s->home, show))
            return true;
    }
    return false;
}

/* Search invariant 1. */
static bool is_clean(const struct home_page *page)
{
    return search.round && !paging_written(page->va, 1);
}

bool search_homes(bool leave, bool whole, search_fn show)
{
    for (uint32_t i = 0; i < search.page_count; i++)
        if ((whole || !is_clean(&search.pages[i])) &&
            look_at_page(&search.pages[i], false, leave, show))
            return true;
    return false;
}

/* ---- heap ---------------------------------------------------------------------------------- */

struct listing {
    bool whole;
    bool forget;
};

static void forget(uint64_t va, uint64_t pages)
{
    for (; pages; pages &= pages - 1)
        paging_written_forget(va + (uint64_t)__builtin_ctzll(pages) * PAGE_SIZE, 1);
}

/* A class of the heap is locked. */
static bool note_run(const struct heap_run *run, bool *seen, void *arg)
{
    const struct listing *l = arg;
    bool whole = l->whole || !*seen;
    uint64_t end = run->at + run->len * run->count;
    if (l->forget)
        *seen = true;
    for (uint64_t at = run->at; at < end;) {
        uint64_t page = align_down(at, PAGE_SIZE);
        uint64_t part_end = min_u64(page + PART_PAGES * PAGE_SIZE, end);
        uint64_t count = (align_up(part_end, PAGE_SIZE) - page) / PAGE_SIZE;
        uint64_t pages =
            whole ? UINT64_MAX >> (PART_PAGES - count) : paging_written(page, count);
        if (pages && search.part_count == search.part_room) {
            search.overflow = true;
            return false;
        }
        if (pages)
            search.parts[search.part_count++] =
                (struct part){at, part_end, run->at, run->len, pages, run->count == 1};
        if (l->forget)
            forget(page, pages);
        at = part_end;
    }
    return true;
}

/* False: no memory. */
static bool list_heap(bool whole, bool forget_them)
{
    struct listing l = {whole, forget_them};
    struct heap_stats stats;
    heap_stats_read(&stats);
    uint64_t room = heap_runs_bound() + stats.held_bytes / (PART_PAGES * PAGE_SIZE);
    if (search.part_room < room) { /* so much that in the drain what is there will do */
        room += room / 8 + SLACK;
        elements_forget(search.parts, search.part_room * sizeof *search.parts);
        search.parts = heap_new_array(struct part, room);
        search.part_room = search.parts ? room : 0;
    }
    search.part_count = 0;
    search.next_part = 0;
    search.overflow = false;
    heap_for_each_run(note_run, &l);
    return !search.overflow;
}

/* Looks at the next page of PART, if there is one. */
static bool look_at_part(struct part *part, uint64_t *out_page, search_fn show)
{
    uint64_t index = (uint64_t)__builtin_ctzll(part->pages);
    uint64_t page = align_down(part->begin, PAGE_SIZE) + index * PAGE_SIZE;
    part->pages &= part->pages - 1;
    *out_page = page;
    return look(max_u64(part->begin, page), min_u64(part->end, page + PAGE_SIZE), part,
                NULL, show);
}

bool search_heap(bool whole, search_skip_fn skip, search_fn show, bool *out_full)
{
    uint64_t page;
    *out_full = !list_heap(whole || !search.round, false);
    for (uint64_t i = 0; i < search.part_count; i++) {
        struct part *part = &search.parts[i];
        guard_beat(); /* this may take long, but ends */
        if (part->single && skip(part->objects))
            continue;
        while (part->pages)
            if (look_at_part(part, &page, show))
                return true;
    }
    return false;
}

/* ---- ahead --------------------------------------------------------------------------------- */

/* What is listed here is noted again from now on, when somebody writes to it. */
static bool list_round(void)
{
    bool first = search.round == 0;
    search.next_page = 0;
    for (uint32_t i = 0; i < search.page_count; i++) {
        struct home_page *p = &search.pages[i];
        p->look = first || paging_written(p->va, 1);
        if (p->look)
            paging_written_forget(p->va, 1);
    }
    bool good = list_heap(first, true);
    paging_written_settle();
    return good;
}

static bool more_pages(search_fn show)
{
    uint32_t left = CHUNK_PAGES;
    for (; left && search.next_page < search.page_count; search.next_page++) {
        const struct home_page *p = &search.pages[search.next_page];
        left -= p->look;
        if (p->look && look_at_page(p, true, false, show))
            paging_written_note(p->va);
    }
    while (left && search.next_part < search.part_count) {
        struct part *part = &search.parts[search.next_part];
        uint64_t page;
        search.next_part += part->pages == 0;
        if (!part->pages)
            continue;
        left--;
        if (look_at_part(part, &page, show))
            paging_written_note(page);
    }
    return left == 0;
}

void search_restart(void)
{
    search.round = 0;
    search.listed = false;
}

bool search_ahead(search_fn show)
{
    if (!search.listed && !list_round()) {
        search.round = 0; /* so nothing counts as looked at */
        return false;
    }
    search.listed = true;
    if (more_pages(show))
        return true;
    search.listed = false;
    search.round++;
    return search.round % ROUNDS != 0;
}

/* ---- begin and end ------------------------------------------------------------------------- */

bool search_begin(const struct namespace *ns, search_leaves_fn leaves)
{
    search_end();
    return list_homes(ns, leaves);
}

void search_end(void)
{
    elements_forget(search.spans, search.span_count * sizeof *search.spans);
    elements_forget(search.pages, search.page_count * sizeof *search.pages);
    elements_forget(search.parts, search.part_room * sizeof *search.parts);
    memset(&search, 0, sizeof search);
}

uint64_t search_bytes(void)
{
    return (search.spans ? heap_size(search.spans) : 0) +
           (search.pages ? heap_size(search.pages) : 0);
}

/* As list_heap() makes room. */
uint64_t search_most_bytes(uint64_t frames)
{
    uint64_t room = frames + frames / PART_PAGES;
    return (room + room / 8 + SLACK) * sizeof(struct part);
}

bool search_owns(uint64_t object)
{
    return object == (uint64_t)search.spans || object == (uint64_t)search.pages ||
           object == (uint64_t)search.parts;
}
