/* Marks what is reached among objects of the heap, conservatively.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/unreached.h>

#include <mm/frame/frame.h>
#include <mm/paging/paging.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_PAGES = 64, SLACK = 64 };

#define NONE UINT32_MAX

/* Addresses are noted as offsets in the direct map, in which the heap lies: so none is a reference. */
struct candidate {
    uint64_t at;
    uint64_t end;
    uint32_t serial;
    uint32_t looks;
    uint32_t next; /* of those that were reached, and not looked at yet */
    bool reached;
};

static struct {
    struct candidate *suspects; /* sorted */
    uint32_t count;
    uint32_t room;
    uint64_t low; /* all suspects lie in low .. low + span - 1 */
    uint64_t span;
    uint64_t frame;  /* physical, the next one to look at */
    bool all_frames; /* have been looked at */
    uint32_t open;   /* the first of those reached, or NONE */
    uint64_t offset; /* in it */
} look;

void unreached_end(void)
{
    heap_free(look.suspects);
    memset(&look, 0, sizeof look);
}

/* ---- what to look for ---------------------------------------------------------------------- */

static void add_suspect(const struct heap_taken *taken, void *arg)
{
    uint64_t at = direct_to_phys((const void *)~taken->hidden);
    (void)arg;
    if (look.count < look.room)
        look.suspects[look.count++] = (struct candidate){.at = at,
                                                         .end = at + taken->len,
                                                         .serial = taken->serial,
                                                         .looks = taken->looks,
                                                         .next = NONE};
}

static int by_address(const void *a, const void *b)
{
    const struct candidate *x = a;
    const struct candidate *y = b;
    return (x->at > y->at) - (x->at < y->at);
}

bool unreached_begin(const struct heap_watch *watch)
{
    look.room = watch->count + SLACK;
    look.suspects = heap_new_array(struct candidate, look.room);
    if (look.suspects)
        heap_watch_each(add_suspect, NULL);
    if (look.count == 0) {
        unreached_end();
        return false;
    }
    qsort(look.suspects, look.count, sizeof *look.suspects, by_address);
    look.low = look.suspects[0].at;
    look.span = look.suspects[look.count - 1].end - look.low;
    look.open = NONE;
    return true;
}

/* ---- looking ------------------------------------------------------------------------------- */

/* Lends the suspect that holds the byte at AT, or NULL. */
static struct candidate *suspect_at(uint64_t at)
{
    uint32_t low = 0;
    uint32_t high = look.count;
    while (low < high) { /* the last one that begins at or before it */
        uint32_t middle = low + (high - low) / 2;
        if (look.suspects[middle].at <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low && at < look.suspects[low - 1].end ? &look.suspects[low - 1] : NULL;
}

/* The word at W may lead to a suspect. Those of suspects count when these are reached themselves (OPEN). */
static void follow(const volatile uint64_t *w, bool open)
{
    struct candidate *s = suspect_at(*w - PAGING_DIRECT_BASE);
    if (!s || s->reached || (!open && suspect_at((uint64_t)w - PAGING_DIRECT_BASE)))
        return;
    s->reached = true;
    if (look.open == NONE) {
        look.open = (uint32_t)(s - look.suspects);
        look.offset = 0;
    } else { /* behind the one that is being looked at */
        s->next = look.suspects[look.open].next;
        look.suspects[look.open].next = (uint32_t)(s - look.suspects);
    }
}

/* Four instructions a word. */
static void look_at(uint64_t at, uint64_t len, bool open)
{
    const volatile uint64_t *w = phys_to_virt(at);
    const volatile uint64_t *end = w + len / 8;
    const uint64_t low = PAGING_DIRECT_BASE + look.low;
    const uint64_t span = look.span;
    for (; end - w >= 4; w += 4) {
        if (w[0] - low < span)
            follow(w, open);
        if (w[1] - low < span)
            follow(w + 1, open);
        if (w[2] - low < span)
            follow(w + 2, open);
        if (w[3] - low < span)
            follow(w + 3, open);
    }
    for (; w < end; w++)
        if (*w - low < span)
            follow(w, open);
}

/* What holds text or constants is not in the direct map; nor are the holes between the parts of RAM. Frames leave it in
 * this task only. */
static void look_at_frames(void)
{
    size_t count;
    if (frame_used_run(look.frame, CHUNK_PAGES, &look.frame, &count) != STATUS_OK) {
        look.all_frames = true;
        return;
    }
    for (; count; count--, look.frame += PAGE_SIZE)
        if (paging_walk((uint64_t)phys_to_virt(look.frame), NULL, NULL) == STATUS_OK)
            look_at(look.frame, PAGE_SIZE, false);
}

/* What is reached leads on. */
static void look_at_suspects(void)
{
    uint64_t left = CHUNK_PAGES * PAGE_SIZE;
    while (left && look.open != NONE) {
        const struct candidate *s = &look.suspects[look.open];
        uint64_t len = min_u64(s->end - s->at - look.offset, left);
        look_at(s->at + look.offset, len, true);
        look.offset += len;
        left -= len;
        if (s->at + look.offset < s->end)
            continue;
        look.open = s->next;
        look.offset = 0;
        left -= min_u64(left, SLACK);
    }
}

bool unreached_step(void)
{
    if (!look.all_frames) {
        look_at_frames();
        return false;
    }
    look_at_suspects();
    if (look.open != NONE)
        return false;
    for (uint32_t i = 0; i < look.count; i++) {
        const struct candidate *s = &look.suspects[i];
        uint64_t object = (uint64_t)phys_to_virt(s->at);
        (void)heap_watch_note(object, s->serial, s->reached ? 0 : s->looks + 1);
    }
    unreached_end();
    return true;
}
