/* What ACPI's static tables say about processors, interrupt controllers and timers. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_BUS_ACPI_ACPI_H
#define NEURATH_BUS_ACPI_ACPI_H

#include <lib/base/status.h>

/* ACPI 6.4, 5.2. Read once by acpi_start(), before any frame is handed out; then constant: any context, no lock. */

struct acpi_ioapic {
    uint32_t id;
    uint32_t gsi_base;
    uint64_t phys;
};

struct acpi_override {
    uint32_t irq; /* ISA */
    uint32_t gsi;
    bool level;
    bool active_low;
};

/* Counts 0 and STATUS_NOT_FOUND where the tables say nothing. */
size_t acpi_cpu_count(void);
NODISCARD enum status acpi_cpu_at(size_t index, uint32_t *out_apic_id);
size_t acpi_ioapic_count(void);
NODISCARD enum status acpi_ioapic_at(size_t index, struct acpi_ioapic *out);
NODISCARD enum status acpi_override_of(uint32_t irq, struct acpi_override *out);
uint64_t acpi_lapic_phys(void); /* 0xfee00000 when no table says otherwise */
uint64_t acpi_hpet_phys(void);  /* 0 = none */

/* Called by init while the stub's map of the first 4 GiB is in force. STATUS_NOT_FOUND: no tables; one CPU is assumed. */
enum status acpi_start(void);

#endif
