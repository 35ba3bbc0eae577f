/* Reads the MADT and the HPET table, and keeps what the kernel asks for. */
/* SPDX-License-Identifier: MIT */
#include <bus/acpi/acpi.h>

#include <boot/bootinfo/bootinfo.h>
#include <string.h>

#define CPUS_MAX 64u
#define IOAPICS_MAX 4u
#define OVERRIDES_MAX 24u
#define HEADER_LEN 36u
#define TABLE_LEN_MAX (1u << 20)
#define FOUR_GIB (1ull << 32)

static struct {
    uint32_t cpus[CPUS_MAX];
    size_t cpu_count;
    struct acpi_ioapic ioapics[IOAPICS_MAX];
    size_t ioapic_count;
    struct acpi_override overrides[OVERRIDES_MAX];
    size_t override_count;
    uint64_t lapic_phys;
    uint64_t hpet_phys;
} acpi = {.lapic_phys = 0xfee00000};

size_t acpi_cpu_count(void)
{
    return acpi.cpu_count;
}

enum status acpi_cpu_at(size_t index, uint32_t *out_apic_id)
{
    if (index >= acpi.cpu_count)
        return STATUS_NOT_FOUND;
    *out_apic_id = acpi.cpus[index];
    return STATUS_OK;
}

size_t acpi_ioapic_count(void)
{
    return acpi.ioapic_count;
}

enum status acpi_ioapic_at(size_t index, struct acpi_ioapic *out)
{
    if (index >= acpi.ioapic_count)
        return STATUS_NOT_FOUND;
    *out = acpi.ioapics[index];
    return STATUS_OK;
}

enum status acpi_override_of(uint32_t irq, struct acpi_override *out)
{
    for (size_t i = 0; i < acpi.override_count; i++)
        if (acpi.overrides[i].irq == irq) {
            *out = acpi.overrides[i];
            return STATUS_OK;
        }
    return STATUS_NOT_FOUND;
}

uint64_t acpi_lapic_phys(void)
{
    return acpi.lapic_phys;
}

uint64_t acpi_hpet_phys(void)
{
    return acpi.hpet_phys;
}

static bool sum_is_zero(const uint8_t *bytes, size_t len)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < len; i++)
        sum = (uint8_t)(sum + bytes[i]);
    return sum == 0;
}

/* A table that lies in the stub's map, whole and with the right sum; else NULL. */
static const uint8_t *table_at(uint64_t phys)
{
    const uint8_t *table = (const uint8_t *)(BOOT_DIRECT_BASE + phys);
    uint32_t len;
    if (phys == 0 || phys > FOUR_GIB - TABLE_LEN_MAX)
        return NULL;
    len = get_le32(table + 4);
    if (len < HEADER_LEN || len > TABLE_LEN_MAX || !sum_is_zero(table, len))
        return NULL;
    return table;
}

static uint64_t search_root(uint64_t from, uint64_t to)
{
    for (uint64_t phys = from; phys < to; phys += 16) {
        const uint8_t *bytes = (const uint8_t *)(BOOT_DIRECT_BASE + phys);
        if (memcmp(bytes, "RSD PTR ", 8) == 0 && sum_is_zero(bytes, 20))
            return phys;
    }
    return 0;
}

static void add_madt_entry(const uint8_t *e)
{
    uint16_t flags;
    switch (e[0]) {
    case 0: /* local APIC; enabled, or may be enabled */
        if (e[1] >= 8 && (get_le32(e + 4) & 1) && acpi.cpu_count < CPUS_MAX)
            acpi.cpus[acpi.cpu_count++] = e[3];
        return;
    case 1:
        if (e[1] >= 12 && acpi.ioapic_count < IOAPICS_MAX)
            acpi.ioapics[acpi.ioapic_count++] = (struct acpi_ioapic){
                .id = e[2], .phys = get_le32(e + 4), .gsi_base = get_le32(e + 8)};
        return;
    case 2:
        flags = get_le16(e + 8);
        if (e[1] >= 10 && acpi.override_count < OVERRIDES_MAX)
            acpi.overrides[acpi.override_count++] = (struct acpi_override){
                .irq = e[3],
                .gsi = get_le32(e + 4),
                .level = (flags >> 2 & 3) == 3,
                .active_low = (flags & 3) == 3,
            };
        return;
    case 5:
        if (e[1] >= 12)
            acpi.lapic_phys = get_le64(e + 4);
        return;
    default: return;
    }
}

static void read_madt(const uint8_t *table)
{
    uint32_t len = get_le32(table + 4);
    acpi.lapic_phys = get_le32(table + HEADER_LEN);
    for (uint32_t offset = HEADER_LEN + 8; offset + 2 <= len;) {
        uint32_t entry_len = table[offset + 1];
        if (entry_len < 2 || offset + entry_len > len)
            return;
        add_madt_entry(table + offset);
        offset += entry_len;
    }
}

static void read_table(const uint8_t *table)
{
    if (table == NULL)
        return;
    if (memcmp(table, "APIC", 4) == 0)
        read_madt(table);
    if (memcmp(table, "HPET", 4) == 0 && get_le32(table + 4) >= 56 && table[40] == 0)
        acpi.hpet_phys = get_le64(table + 44);
}

enum status acpi_start(void)
{
    uint64_t root = boot_rsdp_phys();
    const uint8_t *pointer, *directory;
    unsigned width;
    if (root == 0)
        root = search_root(0xe0000, 0x100000);
    if (root == 0)
        return STATUS_NOT_FOUND;
    pointer = (const uint8_t *)(BOOT_DIRECT_BASE + root);
    width = pointer[15] >= 2 && get_le64(pointer + 24) != 0 ? 8 : 4;
    directory = table_at(width == 8 ? get_le64(pointer + 24) : get_le32(pointer + 16));
    if (directory == NULL)
        return STATUS_NOT_FOUND;
    for (uint32_t offset = HEADER_LEN; offset + width <= get_le32(directory + 4);
         offset += width)
        read_table(table_at(width == 8 ? get_le64(directory + offset)
                                       : get_le32(directory + offset)));
    return STATUS_OK;
}
