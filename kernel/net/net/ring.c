/* Byte rings between one producer and one consumer. */
/* SPDX-License-Identifier: MIT */
#include "net_private.h"

#include <mm/heap/heap.h>
#include <string.h>

enum status ring_init(struct ring *ring, uint32_t len)
{
    ring->data = heap_bytes(len);
    ring->len = len;
    ring->head = 0;
    ring->tail = 0;
    return ring->data != NULL ? STATUS_OK : STATUS_FULL;
}

void ring_fini(struct ring *ring)
{
    heap_free(ring->data);
    ring->data = NULL;
}

uint32_t ring_used(const struct ring *ring)
{
    uint32_t tail = atomic_load(&ring->tail);
    return atomic_load(&ring->head) - tail;
}

uint32_t ring_space(const struct ring *ring)
{
    return ring->len - ring_used(ring);
}

void ring_put_at(struct ring *ring, uint32_t skip, const void *data, uint32_t len)
{
    uint32_t at = (ring->head + skip) & (ring->len - 1);
    uint32_t first = len < ring->len - at ? len : ring->len - at;
    memcpy(ring->data + at, data, first);
    memcpy(ring->data, (const uint8_t *)data + first, len - first);
}

void ring_publish(struct ring *ring, uint32_t len)
{
    atomic_store(&ring->head, ring->head + len);
}

void ring_get_at(const struct ring *ring, uint32_t skip, void *out, uint32_t len)
{
    uint32_t at = (ring->tail + skip) & (ring->len - 1);
    uint32_t first = len < ring->len - at ? len : ring->len - at;
    memcpy(out, ring->data + at, first);
    memcpy((uint8_t *)out + first, ring->data, len - first);
}

void ring_consume(struct ring *ring, uint32_t len)
{
    atomic_store(&ring->tail, ring->tail + len);
}

uint32_t ring_piece(const struct ring *ring, const uint8_t **out_data)
{
    uint32_t at = ring->tail & (ring->len - 1);
    uint32_t used = ring_used(ring);
    *out_data = ring->data + at;
    return used < ring->len - at ? used : ring->len - at;
}
