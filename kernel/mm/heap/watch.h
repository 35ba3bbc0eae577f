/* What the heap tells its watch (heap_watch_begin()). Private to the heap. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_MM_HEAP_WATCH_H
#define NEURATH_MM_HEAP_WATCH_H

/* OBJECT was given to somebody, or is about to be taken back. No lock of the heap is held. */
void watch_alloc(const void *object);
void watch_free(const void *object);

#endif
