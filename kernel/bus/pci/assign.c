/* Base address registers and interrupt pins: what firmware has set, or else what we set. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <irq/interrupt/interrupt.h>

/* qboot assigns nothing. Its memory window, and SeaBIOS's, is below the IOAPIC at 0xfec00000. */
#define MEMORY_BEGIN 0xe0000000ull
#define MEMORY_END 0xfe000000ull
#define PORTS_BEGIN 0xc000ull
#define PORTS_END 0x10000ull
#define PIRQ_GSI_FIRST 16u
#define PIIX3_ID 0x70008086u
#define PIIX3_ROUTES 0x60u
#define PIIX3_ROUTE_OFF 0x80u

static struct {
    uint64_t next_memory;
    uint64_t next_port;
} window = {.next_memory = MEMORY_BEGIN, .next_port = PORTS_BEGIN};

static unsigned bar_count(const struct pci_device *device)
{
    switch (pci_read32(device, PCI_HEADER) >> 16 & 0x7f) {
    case 0: return 6;
    case 1: return 2;
    default: return 0;
    }
}

/* Writes all ones, and sees which bits stick: the size. Decoding is off meanwhile. */
static uint32_t probe(const struct pci_device *device, unsigned offset)
{
    uint32_t before = pci_read32(device, offset), mask;
    uint16_t command = pci_read16(device, PCI_COMMAND);
    pci_write16(device, PCI_COMMAND,
                (uint16_t)(command & ~(PCI_ENABLE_IO | PCI_ENABLE_MEMORY)));
    pci_write32(device, offset, 0xffffffffu);
    mask = pci_read32(device, offset);
    pci_write32(device, offset, before);
    pci_write16(device, PCI_COMMAND, command);
    return mask;
}

enum status pci_bar_read(const struct pci_device *device, unsigned bar,
                         struct pci_bar *out)
{
    unsigned offset = PCI_BAR0 + bar * 4;
    uint32_t low, mask;
    uint64_t mask64;
    if (bar >= bar_count(device))
        return STATUS_NOT_FOUND;
    if (bar > 0 && (pci_read32(device, offset - 4) & 7) == 4)
        return STATUS_NOT_FOUND; /* the upper half of a 64-bit one */
    mask = probe(device, offset);
    if (mask == 0)
        return STATUS_NOT_FOUND;
    low = pci_read32(device, offset);
    *out = (struct pci_bar){.is_port = (low & 1) != 0};
    if (out->is_port) {
        out->phys = low & 0xfffcu;
        out->len = (~(mask & 0xfffcu) & 0xffff) + 1;
        return STATUS_OK;
    }
    out->is_64 = (low & 6) == 4;
    out->prefetchable = (low & 8) != 0;
    out->phys = low & ~15u;
    mask64 = 0xffffffff00000000ull | (mask & ~15u);
    if (out->is_64) {
        out->phys |= (uint64_t)pci_read32(device, offset + 4) << 32;
        mask64 = (uint64_t)probe(device, offset + 4) << 32 | (mask & ~15u);
    }
    out->len = ~mask64 + 1;
    return STATUS_OK;
}

/* Takes LEN bytes, aligned to LEN, from the window; 0 = full. */
static uint64_t take(uint64_t *next, uint64_t end, uint64_t len)
{
    uint64_t at = align_up(*next, len);
    if (at + len > end)
        return 0;
    *next = at + len;
    return at;
}

static void assign_bar(const struct pci_device *device, unsigned bar,
                       const struct pci_bar *found)
{
    unsigned offset = PCI_BAR0 + bar * 4;
    uint64_t at = found->is_port ? take(&window.next_port, PORTS_END, found->len)
                                 : take(&window.next_memory, MEMORY_END, found->len);
    if (at == 0)
        return;
    pci_write32(device, offset, (uint32_t)at);
    if (found->is_64)
        pci_write32(device, offset + 4, 0);
}

void assign_device(const struct pci_device *device)
{
    struct pci_bar found;
    unsigned enable = 0;
    for (unsigned bar = 0; bar < bar_count(device); bar++) {
        if (pci_bar_read(device, bar, &found) != STATUS_OK)
            continue;
        if (found.phys == 0)
            assign_bar(device, bar, &found);
        enable |= found.is_port ? PCI_ENABLE_IO : PCI_ENABLE_MEMORY;
    }
    if (bar_count(device) == 6 && enable != 0)
        pci_enable(device, enable);
}

/* The line to which a PIIX3 routes the pin of a card, by its PIRQ route registers (Intel 290550, 4.1.11): what firmware
 * wrote into the card's own register is wrong for half of the slots under qboot. 0: no PIIX3, or not routed. */
static unsigned piix_line(const struct pci_device *device)
{
    static const struct pci_device bridge = {.device = 1};
    if (device->bus != 0 || device->device <= 1 || pci_read32(&bridge, 0) != PIIX3_ID)
        return 0;
    unsigned pirq = (device->device - 1u + device->irq_pin - 1u) % 4;
    unsigned route = pci_read32(&bridge, PIIX3_ROUTES) >> (8 * pirq) & 0xff;
    return route & PIIX3_ROUTE_OFF ? 0 : route & 0xf;
}

/* Firmware tells an 8259 line below 16, which is the IOAPIC's input too on QEMU's pc. Where it tells none (q35 with
 * qboot) the chip set's PIRQ lines, inputs 16 to 23, are used: device and pin swizzled. */
void route_device(struct pci_device *device)
{
    unsigned line = pci_read32(device, PCI_INTERRUPT) & 0xff;
    if (device->irq_pin == 0 || device->irq_pin > 4)
        return;
    unsigned routed = piix_line(device);
    if (routed != 0)
        line = routed;
    if (line != 0 && line < 16) {
        enum interrupt_trigger trigger;
        device->irq_gsi = interrupt_isa_gsi(line, &trigger);
        device->irq_trigger =
            trigger == INTERRUPT_EDGE_HIGH ? INTERRUPT_LEVEL_HIGH : trigger;
        return;
    }
    device->irq_gsi = PIRQ_GSI_FIRST + 4 + (device->device + device->irq_pin - 1u) % 4;
    device->irq_trigger = INTERRUPT_LEVEL_LOW;
}
