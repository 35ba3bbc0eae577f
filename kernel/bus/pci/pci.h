/* PCI devices: find them, read their configuration, map their registers. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_BUS_PCI_PCI_H
#define NEURATH_BUS_PCI_PCI_H

#include <lib/base/status.h>

/* PCI 3.0, configuration by ports 0xcf8/0xcfc, under one lock; any context. Where firmware left base addresses
 * unassigned (qboot), pci_start() assigns them, from 0xe0000000 up for memory and 0xc000 up for ports. */

#define PCI_ANY 0xffffu

#define PCI_ENABLE_IO 1u
#define PCI_ENABLE_MEMORY 2u
#define PCI_ENABLE_MASTER 4u

/* A value: copy it freely. */
struct pci_device {
    uint8_t bus, device, function;
    uint8_t irq_pin; /* 0 = none, 1 = INTA .. */
    uint16_t vendor_id, device_id;
    uint32_t class_code;  /* 24 bits: base, sub, interface */
    uint32_t irq_gsi;     /* level-triggered; 0 = none. Attach with irq_trigger. */
    uint32_t irq_trigger; /* enum interrupt_trigger */
};

struct pci_bar {
    uint64_t phys; /* or the port number */
    uint64_t len;
    bool is_port;
    bool is_64;
    bool prefetchable;
};

/* Finds the device number INDEX (0 = first) with these ids; PCI_ANY matches all.
 * STATUS_NOT_FOUND: no such device. */
NODISCARD enum status pci_find_nth(uint16_t vendor_id, uint16_t device_id, size_t index,
                                   struct pci_device *out);
NODISCARD enum status pci_find(uint16_t vendor_id, uint16_t device_id,
                               struct pci_device *out);

/* Configuration space; OFFSET is rounded down to the width. */
uint32_t pci_read32(const struct pci_device *device, unsigned offset);
void pci_write32(const struct pci_device *device, unsigned offset, uint32_t value);
uint16_t pci_read16(const struct pci_device *device, unsigned offset);
void pci_write16(const struct pci_device *device, unsigned offset, uint16_t value);
void pci_write8(const struct pci_device *device, unsigned offset, uint8_t value);

/* Facts of base address register BAR (0..5). STATUS_NOT_FOUND: not implemented. */
NODISCARD enum status pci_bar_read(const struct pci_device *device, unsigned bar,
                                   struct pci_bar *out);

/* Maps a memory BAR, uncached; stays mapped for good; the same again for a second call.
 * STATUS_INVALID: it is a port BAR (use pci_bar_read()); STATUS_NOT_FOUND: not implemented. */
NODISCARD enum status pci_bar_map(const struct pci_device *device, unsigned bar,
                                  volatile void **out, size_t *out_len);

/* Sets these bits of the command register (and keeps the others), or clears them. */
void pci_enable(const struct pci_device *device, unsigned enable);
void pci_disable(const struct pci_device *device, unsigned enable);

/* Start hook, phase early: scans, assigns, and registers the shell command `pci`. */
enum status pci_start(void);

#endif
