/* The IOAPICs: which device interrupt goes to which CPU as which vector. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_IRQ_IOAPIC_IOAPIC_H
#define NEURATH_IRQ_IOAPIC_IOAPIC_H

#include <lib/base/status.h>

/* Intel 82093AA. Any context; one lock inside. A GSI that no IOAPIC has: STATUS_NOT_FOUND. */

/* The input that the swap's guard owns: HPET comparator to NMI (facts: on QEMU's pc only this one routes). */
#define IOAPIC_GUARD_GSI 2u

NODISCARD enum status ioapic_route(unsigned gsi, unsigned vector, uint32_t apic_id,
                                   bool level, bool active_low, bool masked);
/* Delivers GSI as NMI to APIC_ID, edge-triggered. */
NODISCARD enum status ioapic_route_nmi(unsigned gsi, uint32_t apic_id);
enum status ioapic_mask(unsigned gsi, bool masked);

/* Called by init: maps the registers, masks everything, switches the old 8259s off. */
NODISCARD enum status ioapic_start(void);

#endif
