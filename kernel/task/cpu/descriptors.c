/* Segment descriptors and the task state segment of each CPU: all that 64-bit mode still wants of them. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <lib/base/evolve.h>

/* Intel SDM volume 3, 3.4.5 and 8.7. Selectors: 0x08 code, 0x10 data, 0x18 task state. */

struct tss {
    uint32_t reserved0;
    uint32_t words[25]; /* rsp0..2, reserved, ist1..7 as pairs of 32 bits */
};
_Static_assert(sizeof(struct tss) == 104, "as the CPU reads it");
EVOLVE_FROZEN(tss);

#define TSS_IST_WORD 8 /* index of the low half of ist1 in words */
#define GDT_ENTRIES 5
#define MSR_GS_BASE 0xc0000101u

/* [c] written by its CPU at start, read by the hardware for good. */
static uint64_t gdt[CPU_MAX][GDT_ENTRIES + 3] __attribute__((aligned(64)));
static struct tss tss[CPU_MAX] __attribute__((aligned(64)));

static void load_gdt(const uint64_t *table)
{
    struct {
        uint16_t pad[3];
        uint16_t limit;
        uint64_t base;
    } __attribute__((aligned(16)))
    pointer = {.limit = GDT_ENTRIES * 8 - 1, .base = (uint64_t)table};
    __asm__ volatile("lgdt (%0)" ::"r"(&pointer.limit) : "memory");
    __asm__ volatile(
        "movl %0, %%ds; movl %0, %%es; movl %0, %%ss; movl %0, %%fs; movl %0, %%gs" ::"r"(
            0x10));
}

void descriptors_load(unsigned cpu, struct cpu_block *block)
{
    uint64_t base = (uint64_t)&tss[cpu];
    uint64_t limit = sizeof(struct tss) - 1;
    gdt[cpu][1] = 0x00af9a000000ffffull;
    gdt[cpu][2] = 0x00cf92000000ffffull;
    gdt[cpu][3] =
        limit | (base & 0xffffff) << 16 | 0x89ull << 40 | (base >> 24 & 0xff) << 56;
    gdt[cpu][4] = base >> 32;
    tss[cpu].words[24] = sizeof(struct tss) << 16; /* no port permission map */
    load_gdt(gdt[cpu]);
    __asm__ volatile("ltr %w0" ::"r"(0x18));
    msr_write(MSR_GS_BASE, (uint64_t)block);
}

void descriptors_set_stack(unsigned cpu, enum cpu_ist slot, uint64_t top)
{
    tss[cpu].words[TSS_IST_WORD + 2 * (slot - 1)] = (uint32_t)top;
    tss[cpu].words[TSS_IST_WORD + 2 * (slot - 1) + 1] = (uint32_t)(top >> 32);
}
