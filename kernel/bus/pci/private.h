/* Shared by the files of this cell. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_BUS_PCI_PRIVATE_H
#define NEURATH_BUS_PCI_PRIVATE_H

#include <bus/pci/pci.h>

enum pci_register {
    PCI_ID = 0x00,
    PCI_COMMAND = 0x04,
    PCI_CLASS = 0x08,
    PCI_HEADER = 0x0c,
    PCI_BAR0 = 0x10,
    PCI_BUSES = 0x18, /* of a bridge */
    PCI_INTERRUPT = 0x3c,
};

/* Gives every unassigned base address register of DEVICE an address, and enables what it has. */
void assign_device(const struct pci_device *device);

/* What the interrupt pin of DEVICE leads to: fills irq_gsi and irq_trigger in. */
void route_device(struct pci_device *device);

#endif
