/* The IOAPICs' redirection tables. */
/* SPDX-License-Identifier: MIT */
#include <irq/ioapic/ioapic.h>

#include <bus/acpi/acpi.h>
#include <lib/base/io.h>
#include <mm/paging/paging.h>
#include <task/spinlock/spinlock.h>

#define UNITS_MAX 4u
#define REGISTER_VERSION 1u
#define REGISTER_TABLE 0x10u
#define MASKED 0x10000u
#define LEVEL 0x8000u
#define ACTIVE_LOW 0x2000u
#define DELIVERY_NMI 0x400u

struct unit {
    volatile uint8_t *registers;
    uint32_t gsi_base;
    uint32_t inputs;
};

static struct {
    struct spinlock lock; /* of the select and window registers */
    struct unit units[UNITS_MAX];
    size_t count;
} ioapic;

static uint32_t get(const struct unit *unit, unsigned reg)
{
    mmio_write32(unit->registers, reg);
    return mmio_read32(unit->registers + 0x10);
}

static void put(const struct unit *unit, unsigned reg, uint32_t value)
{
    mmio_write32(unit->registers, reg);
    mmio_write32(unit->registers + 0x10, value);
}

static const struct unit *unit_of(unsigned gsi)
{
    for (size_t i = 0; i < ioapic.count; i++)
        if (gsi - ioapic.units[i].gsi_base < ioapic.units[i].inputs)
            return &ioapic.units[i];
    return NULL;
}

static enum status write_entry(unsigned gsi, uint32_t low, uint32_t apic_id)
{
    const struct unit *unit = unit_of(gsi);
    unsigned reg;
    if (unit == NULL)
        return STATUS_NOT_FOUND;
    reg = REGISTER_TABLE + 2 * (gsi - unit->gsi_base);
    spin_lock(&ioapic.lock);
    put(unit, reg, MASKED);
    put(unit, reg + 1, apic_id << 24);
    put(unit, reg, low);
    spin_unlock(&ioapic.lock);
    return STATUS_OK;
}

enum status ioapic_route(unsigned gsi, unsigned vector, uint32_t apic_id, bool level,
                         bool active_low, bool masked)
{
    return write_entry(gsi,
                       vector | (level ? LEVEL : 0) | (active_low ? ACTIVE_LOW : 0) |
                           (masked ? MASKED : 0),
                       apic_id);
}

enum status ioapic_route_nmi(unsigned gsi, uint32_t apic_id)
{
    return write_entry(gsi, DELIVERY_NMI, apic_id);
}

enum status ioapic_mask(unsigned gsi, bool masked)
{
    const struct unit *unit = unit_of(gsi);
    unsigned reg;
    uint32_t low;
    if (unit == NULL)
        return STATUS_NOT_FOUND;
    reg = REGISTER_TABLE + 2 * (gsi - unit->gsi_base);
    spin_lock(&ioapic.lock);
    low = get(unit, reg);
    put(unit, reg, masked ? low | MASKED : low & ~MASKED);
    spin_unlock(&ioapic.lock);
    return STATUS_OK;
}

/* Masks the two 8259s after moving them off the exceptions' vectors, in case one still fires. */
static void legacy_off(void)
{
    io_out8(0x20, 0x11);
    io_out8(0xa0, 0x11);
    io_out8(0x21, 0xf8);
    io_out8(0xa1, 0xf8);
    io_out8(0x21, 4);
    io_out8(0xa1, 2);
    io_out8(0x21, 1);
    io_out8(0xa1, 1);
    io_out8(0x21, 0xff);
    io_out8(0xa1, 0xff);
}

enum status ioapic_start(void)
{
    struct acpi_ioapic found;
    volatile void *registers;
    legacy_off();
    for (size_t i = 0; i < acpi_ioapic_count() && ioapic.count < UNITS_MAX; i++) {
        struct unit *unit = &ioapic.units[ioapic.count];
        if (acpi_ioapic_at(i, &found) != STATUS_OK ||
            mmio_map(found.phys, PAGE_SIZE, &registers) != STATUS_OK)
            continue;
        unit->registers = registers;
        unit->gsi_base = found.gsi_base;
        unit->inputs = (get(unit, REGISTER_VERSION) >> 16 & 0xff) + 1;
        for (unsigned input = 0; input < unit->inputs; input++)
            put(unit, REGISTER_TABLE + 2 * input, MASKED);
        ioapic.count++;
    }
    return ioapic.count > 0 ? STATUS_OK : STATUS_NOT_FOUND;
}
