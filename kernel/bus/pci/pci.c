/* Configuration space, and finding devices in it. */
/* SPDX-License-Identifier: MIT */
#include <bus/pci/pci.h>

#include "private.h"

#include <console/console/console.h>
#include <console/log/log.h>
#include <console/shell/shell.h>
#include <lib/base/io.h>
#include <mm/paging/paging.h>
#include <task/spinlock/spinlock.h>

#define ADDRESS_PORT 0xcf8u
#define DATA_PORT 0xcfcu
#define DEVICES_MAX 64u
#define BUSES 256u
#define NO_DEVICE 0xffffffffu

static struct {
    struct spinlock lock;                   /* of the two ports */
    struct pci_device devices[DEVICES_MAX]; /* [I] after pci_start() */
    size_t count;
} pci;

/* Lock held. The data port stands for the register at OFFSET from now on. */
static void select_register(const struct pci_device *device, unsigned offset)
{
    io_out32(ADDRESS_PORT, 0x80000000u | (uint32_t)device->bus << 16 |
                               (uint32_t)device->device << 11 |
                               (uint32_t)device->function << 8 | (offset & 0xfc));
}

uint32_t pci_read32(const struct pci_device *device, unsigned offset)
{
    uint32_t value;
    spin_lock(&pci.lock);
    select_register(device, offset);
    value = io_in32(DATA_PORT);
    spin_unlock(&pci.lock);
    return value;
}

void pci_write32(const struct pci_device *device, unsigned offset, uint32_t value)
{
    spin_lock(&pci.lock);
    select_register(device, offset);
    io_out32(DATA_PORT, value);
    spin_unlock(&pci.lock);
}

uint16_t pci_read16(const struct pci_device *device, unsigned offset)
{
    return (uint16_t)(pci_read32(device, offset) >> (offset & 2) * 8);
}

void pci_write16(const struct pci_device *device, unsigned offset, uint16_t value)
{
    spin_lock(&pci.lock);
    select_register(device, offset);
    io_out16((uint16_t)(DATA_PORT + (offset & 2)), value);
    spin_unlock(&pci.lock);
}

void pci_write8(const struct pci_device *device, unsigned offset, uint8_t value)
{
    spin_lock(&pci.lock);
    select_register(device, offset);
    io_out8((uint16_t)(DATA_PORT + (offset & 3)), value);
    spin_unlock(&pci.lock);
}

enum status pci_find_nth(uint16_t vendor_id, uint16_t device_id, size_t index,
                         struct pci_device *out)
{
    for (size_t i = 0; i < pci.count; i++) {
        const struct pci_device *d = &pci.devices[i];
        if ((vendor_id == PCI_ANY || vendor_id == d->vendor_id) &&
            (device_id == PCI_ANY || device_id == d->device_id) && index-- == 0) {
            *out = *d;
            return STATUS_OK;
        }
    }
    return STATUS_NOT_FOUND;
}

enum status pci_find(uint16_t vendor_id, uint16_t device_id, struct pci_device *out)
{
    return pci_find_nth(vendor_id, device_id, 0, out);
}

enum status pci_bar_map(const struct pci_device *device, unsigned bar,
                        volatile void **out, size_t *out_len)
{
    struct pci_bar found;
    enum status status = pci_bar_read(device, bar, &found);
    if (status != STATUS_OK)
        return status;
    if (found.is_port)
        return STATUS_INVALID;
    status = mmio_map(found.phys, found.len, out);
    if (status == STATUS_OK)
        *out_len = found.len;
    return status;
}

void pci_enable(const struct pci_device *device, unsigned enable)
{
    pci_write16(device, PCI_COMMAND, (uint16_t)(pci_read16(device, PCI_COMMAND) | enable));
}

void pci_disable(const struct pci_device *device, unsigned enable)
{
    pci_write16(device, PCI_COMMAND,
                (uint16_t)(pci_read16(device, PCI_COMMAND) & ~enable));
}

static void scan_function(struct pci_device at)
{
    uint32_t id = pci_read32(&at, PCI_ID);
    if (id == NO_DEVICE || pci.count == DEVICES_MAX)
        return;
    at.vendor_id = (uint16_t)id;
    at.device_id = (uint16_t)(id >> 16);
    at.class_code = pci_read32(&at, PCI_CLASS) >> 8;
    at.irq_pin = (uint8_t)(pci_read32(&at, PCI_INTERRUPT) >> 8);
    route_device(&at);
    assign_device(&at);
    pci.devices[pci.count++] = at;
}

/* A bus that firmware has not connected answers with nothing. */
static void scan_bus(unsigned bus)
{
    for (unsigned device = 0; device < 32; device++) {
        struct pci_device at = {.bus = (uint8_t)bus, .device = (uint8_t)device};
        bool many;
        if (pci_read32(&at, PCI_ID) == NO_DEVICE)
            continue;
        many = (pci_read32(&at, PCI_HEADER) >> 16 & 0x80) != 0;
        for (; at.function < (many ? 8 : 1); at.function++)
            scan_function(at);
    }
}

/* Bridges are found before their buses: numbers grow downwards. */
static void scan_all(void)
{
    scan_bus(0);
    for (size_t i = 0; i < pci.count; i++) {
        const struct pci_device *d = &pci.devices[i];
        unsigned secondary = pci_read32(d, PCI_BUSES) >> 8 & 0xff;
        if (d->class_code >> 8 == 0x0604 && secondary > d->bus)
            scan_bus(secondary);
    }
}

static void pci_command(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    for (size_t i = 0; i < pci.count; i++) {
        const struct pci_device *d = &pci.devices[i];
        struct pci_bar bar;
        console_print("%02x:%02x.%u %04x:%04x class %06x", d->bus, d->device, d->function,
                      d->vendor_id, d->device_id, d->class_code);
        if (d->irq_gsi != 0)
            console_print(" gsi %u", d->irq_gsi);
        for (unsigned b = 0; b < 6; b++)
            if (pci_bar_read(d, b, &bar) == STATUS_OK)
                console_print(" %s %lx+%lx", bar.is_port ? "port" : "mem", bar.phys,
                              bar.len);
        console_print("\n");
    }
}

enum status pci_start(void)
{
    scan_all();
    log_write("pci", LOG_INFO, "%lu functions", pci.count);
    return shell_register("pci", pci_command, "shows the PCI devices");
}
