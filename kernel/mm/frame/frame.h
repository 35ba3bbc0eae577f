/* Hands out physical memory in frames of 4096 bytes. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_MM_FRAME_FRAME_H
#define NEURATH_MM_FRAME_FRAME_H

#include <lib/base/status.h>

/* Addresses are physical; the bytes are reached through phys_to_virt() (paging.h). Contents of a
 * fresh frame are undefined. Any context; takes the pool's lock. The first MiB is never handed out. */

struct task;

struct frame_stats {
    uint64_t total;       /* frames that the memory map calls usable, above 1 MiB */
    uint64_t free;        /* without those that are set aside */
    uint64_t lowest_free; /* the smallest value that free has had */
};

/* Takes one frame. Gives *out_phys; return it with frame_put().
 * STATUS_FULL: none left. */
NODISCARD enum status frame_take(uint64_t *out_phys);

/* Takes back a frame, or each frame of a run one by one. Panics on a frame that is not taken. */
void frame_put(uint64_t phys);

/* Takes COUNT adjacent frames that end at or below MAX_PHYS (0 = anywhere); the start is aligned to
 * COUNT frames rounded up to a power of two, at most 64 KiB. Gives *out_phys; return it with frame_put_run().
 * STATUS_FULL: no such run; STATUS_INVALID: COUNT is 0. */
NODISCARD enum status frame_take_run(size_t count, uint64_t max_phys, uint64_t *out_phys);
void frame_put_run(uint64_t phys, size_t count);

/* Sets a free run of COUNT frames aside, rounded up to 64: for work that must not fail, whoever has taken all memory. Nobody is
 * given any of them, as frames or by the heap, but the task that may draw (frame_draw()), and that only when there are no
 * others. What is given back belongs to the reserve again. One at a time: an older reserve ends. STATUS_FULL: no such
 * run; then there is no reserve. */
NODISCARD enum status frame_reserve(size_t count);
/* TASK may draw on the reserve from now on, outside of interrupts; NULL: nobody. */
void frame_draw(const struct task *task);
/* Ends the reserve, and who may draw: what was drawn stays taken, as any frame, and the rest is free. */
void frame_reserve_end(void);
/* Says whether PHYS lies in the reserve and the caller may not draw: the heap asks this of a slab with room. Takes no lock. */
bool frame_withheld(uint64_t phys);

void frame_stats_read(struct frame_stats *out);

/* Gives the first run of frames that are taken, at FROM (physical) or behind it, of at most MAX frames. Holes between the
 * parts of RAM count as taken. STATUS_NOT_FOUND: there is none. */
NODISCARD enum status frame_used_run(uint64_t from, size_t max, uint64_t *out_phys,
                                     size_t *out_count);

/* Signals EVENT, once, when fewer than LIMIT frames are free. LIMIT 0: never. One at a time; EVENT is lent. */
struct event;
void frame_warn(uint64_t limit, struct event *event);

/* Asserts that the counters and the map agree; true when they do. Holds the lock for a full scan. */
bool frame_check(void);

/* For tests: of the memory that TASK asks for from now on, frames and heap objects, COUNT requests from number N on (0 = the
 * next) are answered as if there were none left. NULL: no request is. */
void memory_fail(const struct task *task, uint64_t n, uint64_t count);
/* Says whether the first of them has come. */
bool memory_failed(void);
/* Asked by frame and heap at each request. */
bool memory_fails_now(void);

/* Called once by init: builds the map from bootinfo. Everything that the stub, the placed cells and
 * the archive occupy is taken. STATUS_FULL: no RAM for the map itself. */
NODISCARD enum status frame_start(void);

#endif
