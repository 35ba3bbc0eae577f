/* The network card as the rest of the kernel sees it: one neutral device object per card. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_NET_NIC_NIC_H
#define NEURATH_NET_NIC_NIC_H

/* A driver creates the object with nic_register() the first time it meets a card, and
 * finds it again with nic_find() when another version (or another driver cell) takes the
 * card over. Everything that must outlive a driver's code is reachable from here:
 * descriptor rings and buffers (`state`, made of heap and frames, never of a driver's
 * static data), counters, link state, and the event that tells "frames have arrived or
 * link has changed". Units: lengths in bytes, counters in frames unless the name says
 * otherwise. Functions may be called from task context; nic_notify() from any context. */

#include <lib/base/status.h>
#include <lib/base/types.h>
#include <task/task/task.h>

struct nic;

/* Sends one Ethernet frame (copied). STATUS_FULL: no free descriptor, frame not sent;
 * STATUS_INVALID: length. */
typedef enum status (*nic_send_fn)(struct nic *nic, const void *frame, size_t len);
/* Copies the oldest received frame to OUT. STATUS_AGAIN: none waiting. Frames that are
 * damaged or longer than CAP are dropped and counted, never given. */
typedef enum status (*nic_receive_fn)(struct nic *nic, void *out, size_t cap,
                                      size_t *out_len);

/* [d] written by the driver; [a] counters, each with one writer. */
struct nic_stats {
    uint64_t rx_frames, rx_bytes, tx_frames, tx_bytes; /* [a] */
    uint64_t rx_damaged; /* [a] dropped by the driver: error bits or a frame that does not */
                         /* end in one buffer */
    uint64_t rx_missed; /* [a] dropped by the card: no free descriptor (the card's own counter) */
    uint64_t tx_full;      /* [a] refused: no free descriptor */
    uint64_t interrupts;   /* [a] */
    uint64_t link_changes; /* [a] */
};

struct nic {
    char name[16];          /* [I] "e1000" */
    char location[16];      /* [I] "pci 00:03.0": the key of nic_find() */
    uint8_t mac[6];         /* [I] */
    bool link;              /* [d] */
    struct nic_stats stats; /* [d] */
    nic_send_fn send; /* [d] entry stubs: they follow the driver's current version */
    nic_receive_fn receive; /* [d] */
    struct event event;     /* frames, room to send, or a link change */
    void *state; /* [d] driver's rings; a driver of the same name understands it */
    uint32_t state_version; /* [d] layout of *state */
    struct nic *next;       /* list of all cards */
};

/* Makes the object of a newly found card, with all counters zero. Gives *out_nic, which
 * lives as long as the system. */
NODISCARD enum status nic_register(const char *name, const char *location,
                                   const uint8_t mac[6], struct nic **out_nic);

/* Finds the card at LOCATION, or any card when LOCATION is NULL. NULL: none. */
struct nic *nic_find(const char *location);

#endif
