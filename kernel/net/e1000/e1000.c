/* Brings an 82540EM up, or takes over one that runs; interrupts and link state. */
/* SPDX-License-Identifier: MIT */
#include "e1000_private.h"

#include <console/log/log.h>
#include <irq/interrupt/interrupt.h>
#include <lib/base/atomic.h>
#include <lib/format/format.h>
#include <time/clock/clock.h>

enum { RESET_TRIES = 1000, RESET_TRY_NS = 10000 };

/* The manual says that reading clears the counter; QEMU's card keeps it. */
static void count_missed(struct nic *nic, struct e1000_state *state)
{
    uint32_t first = reg_read(state, REG_MPC);
    if (first == 0)
        return;
    uint32_t again = reg_read(state, REG_MPC);
    if (again < first) {
        atomic_add(&nic->stats.rx_missed, first + again);
        return;
    }
    atomic_add(&nic->stats.rx_missed, again - state->missed_seen);
    state->missed_seen = again;
}

/* The card asked for attention. Reading the cause register acknowledges all of it. */
static void e1000_interrupt(void *arg)
{
    struct nic *nic = arg;
    struct e1000_state *state = nic->state;
    uint32_t cause = reg_read(state, REG_ICR);
    if (cause == 0)
        return; /* the line is shared */
    atomic_add(&nic->stats.interrupts, 1);
    if (cause & INT_LSC) {
        bool link = (reg_read(state, REG_STATUS) & STATUS_LU) != 0;
        if (link != nic->link)
            atomic_add(&nic->stats.link_changes, 1);
        atomic_store(&nic->link, link);
    }
    count_missed(nic, state);
    event_signal(&nic->event);
}

static enum status card_reset(struct e1000_state *state)
{
    reg_write(state, REG_IMC, UINT32_MAX);
    reg_write(state, REG_CTRL, reg_read(state, REG_CTRL) | CTRL_RST);
    for (unsigned i = 0; i < RESET_TRIES; i++) {
        clock_delay_ns(RESET_TRY_NS);
        if (!(reg_read(state, REG_CTRL) & CTRL_RST)) {
            reg_write(state, REG_IMC, UINT32_MAX);
            (void)reg_read(state, REG_ICR);
            return STATUS_OK;
        }
    }
    return STATUS_IO;
}

/* The card keeps its own address over a reset. */
static void card_address(const struct e1000_state *state, uint8_t out[6])
{
    uint32_t low = reg_read(state, REG_RAL), high = reg_read(state, REG_RAH);
    put_le32(out, low);
    put_le16(out + 4, (uint16_t)high);
    reg_write(state, REG_RAH, (high & 0xffff) | RAH_AV);
}

/* Gives the card its rings and switches it on. The one place that writes RCTL. */
static void card_start(struct e1000_state *state)
{
    reg_write(state, REG_CTRL, reg_read(state, REG_CTRL) | CTRL_SLU);
    for (unsigned i = 0; i < MTA_WORDS; i++)
        reg_write(state, REG_MTA + 4 * i, 0);
    reg_write(state, REG_RDBAL, (uint32_t)state->rx_phys);
    reg_write(state, REG_RDBAH, (uint32_t)(state->rx_phys >> 32));
    reg_write(state, REG_RDLEN, RX_COUNT * sizeof(struct e1000_rx));
    reg_write(state, REG_RDH, 0);
    reg_write(state, REG_RDT, RX_COUNT - 1);
    reg_write(state, REG_TDBAL, (uint32_t)state->tx_phys);
    reg_write(state, REG_TDBAH, (uint32_t)(state->tx_phys >> 32));
    reg_write(state, REG_TDLEN, TX_COUNT * sizeof(struct e1000_tx));
    reg_write(state, REG_TDH, 0);
    reg_write(state, REG_TDT, 0);
    reg_write(state, REG_TIPG, TIPG_COPPER);
    reg_write(state, REG_TCTL, TCTL_EN | TCTL_PSP | TCTL_CT | TCTL_COLD);
    reg_write(state, REG_RCTL, RCTL_EN | RCTL_MPE | RCTL_BAM | RCTL_SECRC);
    reg_write(state, REG_ITR, 0);
}

/* This version's functions and interrupt handler work on the card from now on. */
static enum status card_attach(struct nic *nic)
{
    struct e1000_state *state = nic->state;
    nic->send = e1000_send;
    nic->receive = e1000_receive;
    enum status status = interrupt_attach(state->pci.irq_gsi,
                                          (enum interrupt_trigger)state->pci.irq_trigger,
                                          e1000_interrupt, nic, NULL);
    if (status != STATUS_OK)
        return status;
    atomic_store(&nic->link, (reg_read(state, REG_STATUS) & STATUS_LU) != 0);
    reg_write(state, REG_IMS, INT_LSC | INT_RXDMT0 | INT_RXO | INT_RXT0);
    event_signal(&nic->event);
    return STATUS_OK;
}

/* Makes a device object for a card that nobody drives yet. */
static enum status card_create(const struct pci_device *pci, const char *location)
{
    struct e1000_state *state;
    struct nic *nic;
    uint8_t mac[6];
    size_t len;
    volatile void *registers;
    enum status status = e1000_state_create(pci, &state);
    if (status != STATUS_OK)
        return status;
    pci_enable(pci, PCI_ENABLE_MEMORY | PCI_ENABLE_MASTER);
    status = pci_bar_map(pci, 0, &registers, &len);
    if (status != STATUS_OK)
        goto destroy;
    state->registers = registers;
    status = card_reset(state);
    if (status != STATUS_OK)
        goto destroy;
    card_address(state, mac);
    status = nic_register(E1000_NAME, location, mac, &nic);
    if (status != STATUS_OK)
        goto destroy;
    nic->state = state;
    nic->state_version = E1000_STATE_VERSION;
    card_start(state);
    return card_attach(nic);
destroy:
    e1000_state_destroy(state);
    return status;
}

enum status e1000_start(void)
{
    struct pci_device pci;
    char location[16];
    if (pci_find(E1000_VENDOR, E1000_DEVICE, &pci) != STATUS_OK)
        return STATUS_OK; /* a machine without one is fine */
    format_text(location, sizeof location, "pci %02x:%02x.%u", pci.bus, pci.device,
                pci.function);
    struct nic *nic = nic_find(location);
    enum status status;
    if (nic == NULL)
        status = card_create(&pci, location);
    else if (nic->state_version == E1000_STATE_VERSION)
        status = card_attach(nic);
    else
        status = STATUS_UNSUPPORTED;
    if (status != STATUS_OK)
        log_write("e1000", LOG_ERROR, "%s: %s", location, status_name(status));
    else
        log_write("e1000", LOG_INFO, "%s: %s", location,
                  nic == NULL ? "started" : "taken over");
    return status;
}
