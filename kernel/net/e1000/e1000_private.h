/* Registers and descriptors of the 82540EM, and the rings that belong to the device object. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_NET_E1000_E1000_PRIVATE_H
#define NEURATH_NET_E1000_E1000_PRIVATE_H

/* Source: Intel 317453, chapters 3 (descriptors), 13 (registers), 14 (initialisation). Little-endian, legacy format. */

#include "e1000.h"

#include <bus/pci/pci.h>
#include <net/nic/nic.h>

/* nic->name of its cards. */
#define E1000_NAME "e1000"

enum { E1000_VENDOR = 0x8086, E1000_DEVICE = 0x100e };

enum e1000_register {
    REG_CTRL = 0x0000,
    REG_STATUS = 0x0008,
    REG_ICR = 0x00c0, /* reading acknowledges */
    REG_ITR = 0x00c4,
    REG_IMS = 0x00d0,
    REG_IMC = 0x00d8,
    REG_RCTL = 0x0100, /* written once in a card's life, see e1000.h */
    REG_TCTL = 0x0400,
    REG_TIPG = 0x0410,
    REG_RDBAL = 0x2800,
    REG_RDBAH = 0x2804,
    REG_RDLEN = 0x2808,
    REG_RDH = 0x2810,
    REG_RDT = 0x2818,
    REG_TDBAL = 0x3800,
    REG_TDBAH = 0x3804,
    REG_TDLEN = 0x3808,
    REG_TDH = 0x3810,
    REG_TDT = 0x3818,
    REG_MPC = 0x4010, /* missed frames; see count_missed() */
    REG_MTA = 0x5200, /* 128 words */
    REG_RAL = 0x5400,
    REG_RAH = 0x5404,
};

enum { MTA_WORDS = 128 };

#define CTRL_SLU (1u << 6) /* set link up */
#define CTRL_RST (1u << 26)
#define STATUS_LU (1u << 1)
#define RAH_AV (1u << 31)

#define RCTL_EN (1u << 1)
#define RCTL_MPE                                                                         \
    (1u << 4) /* all multicast: IPv6 needs some, and RCTL is never written again */
#define RCTL_BAM (1u << 15) /* broadcast */
#define RCTL_SECRC (1u << 26)

#define TCTL_EN (1u << 1)
#define TCTL_PSP (1u << 3)
#define TCTL_CT (0x10u << 4)
#define TCTL_COLD (0x40u << 12)
#define TIPG_COPPER (10u | 8u << 10 | 6u << 20)

#define INT_LSC (1u << 2)    /* link status change */
#define INT_RXDMT0 (1u << 4) /* few free descriptors */
#define INT_RXO (1u << 6)    /* none */
#define INT_RXT0 (1u << 7)   /* received */

#define RX_STATUS_DD 0x01u
#define RX_STATUS_EOP 0x02u
#define TX_COMMAND_EOP 0x01u
#define TX_COMMAND_IFCS 0x02u
#define TX_COMMAND_RS 0x08u
#define TX_STATUS_DD 0x01u

struct e1000_rx {
    uint64_t address;
    uint16_t len;
    uint16_t checksum;
    uint8_t status;
    uint8_t errors;
    uint16_t special;
};

struct e1000_tx {
    uint64_t address;
    uint16_t len;
    uint8_t checksum_offset;
    uint8_t command;
    uint8_t status;
    uint8_t checksum_start;
    uint16_t special;
};

_Static_assert(sizeof(struct e1000_rx) == 16 && sizeof(struct e1000_tx) == 16,
               "hardware layout");

enum {
    RX_COUNT = 1024, /* descriptors: a second of 1,000 frames waits for us without a loss */
    TX_COUNT = 256,
    BUFFER_LEN = 2048, /* two buffers in a page */
    FRAME_LEN_MAX = 1514,
    FRAME_LEN_MIN = 14,
};

_Static_assert(RX_COUNT * 16 % PAGE_SIZE == 0 && TX_COUNT * 16 % PAGE_SIZE == 0,
               "whole pages");
_Static_assert(2 * BUFFER_LEN == PAGE_SIZE && RX_COUNT % 2 == 0 && TX_COUNT % 2 == 0,
               "pairs");

/* nic->state of cards with state_version E1000_STATE_VERSION. Allocated once; the hardware works on what it names. Fields may
 * come and go: versions of this cell bring them over by name (walks.c). The number is for drivers of other cells, which cannot:
 * it rises when such a driver would misread what is there. */
enum { E1000_STATE_VERSION = 1 };

struct e1000_state {
    struct pci_device pci;         /* [I] */
    volatile uint8_t *registers;   /* [I] */
    volatile struct e1000_rx *rx;  /* [I] */
    volatile struct e1000_tx *tx;  /* [I] */
    uint64_t rx_phys, tx_phys;     /* [I] */
    uint8_t *rx_buffers[RX_COUNT]; /* [I] */
    uint8_t *tx_buffers[TX_COUNT]; /* [I] */
    uint32_t rx_next;              /* receiver only: the descriptor to be looked at */
    uint32_t tx_next;              /* sender only: the descriptor to be filled */
    uint32_t missed_seen; /* interrupt only: missed frames already counted, when reading does not clear */
};

static inline uint32_t reg_read(const struct e1000_state *state, enum e1000_register reg)
{
    return *(const volatile uint32_t *)(state->registers + reg);
}

static inline void reg_write(const struct e1000_state *state, enum e1000_register reg,
                             uint32_t value)
{
    *(volatile uint32_t *)(state->registers + reg) = value;
}

/* rings.c: gives the rings of a card that has none yet, zeroed, with all receive buffers filled in. STATUS_FULL. */
NODISCARD enum status e1000_state_create(const struct pci_device *pci,
                                         struct e1000_state **out);
void e1000_state_destroy(struct e1000_state *state);

/* nic.send and nic.receive. */
enum status e1000_send(struct nic *nic, const void *frame, size_t len);
enum status e1000_receive(struct nic *nic, void *out, size_t cap, size_t *out_len);

#endif
