/* Descriptor rings: their memory, sending, receiving. */
/* SPDX-License-Identifier: MIT */
#include "e1000_private.h"

#include <lib/base/atomic.h>
#include <lib/base/evolve.h>
#include <mm/frame/frame.h>
#include <mm/heap/heap.h>
#include <mm/paging/paging.h>
#include <string.h>

/* The card reads and writes them. */
EVOLVE_FROZEN(e1000_rx);
EVOLVE_FROZEN(e1000_tx);
EVOLVE_FRAMES(e1000_rx);
EVOLVE_FRAMES(e1000_tx);

enum {
    RX_PAGES = RX_COUNT * sizeof(struct e1000_rx) / PAGE_SIZE,
    TX_PAGES = TX_COUNT * sizeof(struct e1000_tx) / PAGE_SIZE,
};

/* Takes COUNT adjacent pages, zeroed. */
static enum status pages_take(size_t count, uint64_t *out_phys, void **out)
{
    enum status status = frame_take_run(count, 0, out_phys);
    if (status != STATUS_OK)
        return status;
    *out = phys_to_virt(*out_phys);
    memset(*out, 0, count * PAGE_SIZE);
    return STATUS_OK;
}

static void pages_put(const volatile void *pages, size_t count)
{
    if (pages != NULL)
        frame_put_run(direct_to_phys((const void *)pages), count);
}

static enum status buffers_take(uint8_t **buffers, size_t count)
{
    for (size_t i = 0; i < count; i += 2) {
        uint64_t phys;
        void *page;
        if (pages_take(1, &phys, &page) != STATUS_OK)
            return STATUS_FULL;
        buffers[i] = page;
        buffers[i + 1] = (uint8_t *)page + BUFFER_LEN;
    }
    return STATUS_OK;
}

static void buffers_put(uint8_t **buffers, size_t count)
{
    for (size_t i = 0; i < count; i += 2)
        pages_put(buffers[i], 1);
}

void e1000_state_destroy(struct e1000_state *state)
{
    if (state == NULL)
        return;
    buffers_put(state->rx_buffers, RX_COUNT);
    buffers_put(state->tx_buffers, TX_COUNT);
    pages_put(state->rx, RX_PAGES);
    pages_put(state->tx, TX_PAGES);
    heap_free(state);
}

enum status e1000_state_create(const struct pci_device *pci, struct e1000_state **out)
{
    struct e1000_state *state = heap_new(struct e1000_state);
    void *rx = NULL, *tx = NULL;
    if (state == NULL)
        return STATUS_FULL;
    state->pci = *pci;
    if (pages_take(RX_PAGES, &state->rx_phys, &rx) != STATUS_OK)
        goto destroy;
    state->rx = rx;
    if (pages_take(TX_PAGES, &state->tx_phys, &tx) != STATUS_OK)
        goto destroy;
    state->tx = tx;
    if (buffers_take(state->rx_buffers, RX_COUNT) != STATUS_OK ||
        buffers_take(state->tx_buffers, TX_COUNT) != STATUS_OK)
        goto destroy;
    for (unsigned i = 0; i < RX_COUNT; i++)
        state->rx[i].address = direct_to_phys(state->rx_buffers[i]);
    for (unsigned i = 0; i < TX_COUNT; i++) {
        state->tx[i].address = direct_to_phys(state->tx_buffers[i]);
        state->tx[i].status = TX_STATUS_DD; /* free */
    }
    *out = state;
    return STATUS_OK;
destroy:
    e1000_state_destroy(state);
    return STATUS_FULL;
}

enum status e1000_send(struct nic *nic, const void *frame, size_t len)
{
    struct e1000_state *state = nic->state;
    if (len < FRAME_LEN_MIN || len > FRAME_LEN_MAX)
        return STATUS_INVALID;
    uint32_t next = (state->tx_next + 1) % TX_COUNT;
    volatile struct e1000_tx *tx = &state->tx[state->tx_next];
    /* One descriptor stays unused, else a full ring would look empty to the card. */
    if (!(tx->status & TX_STATUS_DD) || !(state->tx[next].status & TX_STATUS_DD)) {
        atomic_add(&nic->stats.tx_full, 1);
        return STATUS_FULL;
    }
    memcpy(state->tx_buffers[state->tx_next], frame, len);
    tx->len = (uint16_t)len;
    tx->checksum_offset = 0;
    tx->command = TX_COMMAND_EOP | TX_COMMAND_IFCS | TX_COMMAND_RS;
    tx->status = 0;
    atomic_add(&nic->stats.tx_frames, 1);
    atomic_add(&nic->stats.tx_bytes, len);
    state->tx_next = next;
    memory_barrier(); /* the card reads the descriptor once it sees the tail */
    reg_write(state, REG_TDT, next);
    return STATUS_OK;
}

/* Gives the descriptor back to the card. */
static void rx_recycle(struct e1000_state *state)
{
    uint32_t done = state->rx_next;
    state->rx[done].status = 0;
    state->rx_next = (done + 1) % RX_COUNT;
    memory_barrier();
    reg_write(state, REG_RDT, done);
}

enum status e1000_receive(struct nic *nic, void *out, size_t cap, size_t *out_len)
{
    struct e1000_state *state = nic->state;
    for (unsigned i = 0; i < RX_COUNT; i++) {
        volatile struct e1000_rx *rx = &state->rx[state->rx_next];
        if (!(rx->status & RX_STATUS_DD))
            return STATUS_AGAIN;
        memory_barrier(); /* the rest of the descriptor is read after its status */
        size_t len = rx->len;
        bool good = (rx->status & RX_STATUS_EOP) && rx->errors == 0 && len <= cap &&
                    len <= BUFFER_LEN && len >= FRAME_LEN_MIN;
        if (good)
            memcpy(out, state->rx_buffers[state->rx_next], len);
        rx_recycle(state);
        if (good) {
            atomic_add(&nic->stats.rx_frames, 1);
            atomic_add(&nic->stats.rx_bytes, len);
            *out_len = len;
            return STATUS_OK;
        }
        atomic_add(&nic->stats.rx_damaged, 1);
    }
    return STATUS_AGAIN;
}
