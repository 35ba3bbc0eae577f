/* Machine checks: a processor or memory error becomes an exception instead of a silent stop. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

/* Intel SDM volume 3, chapter 16. */
#define CPUID_MCE (1u << 7)
#define CPUID_MCA (1u << 14)
#define CR4_MCE 0x40ull
#define MSR_MCG_CAP 0x179u
#define MSR_MCG_CTL 0x17bu
#define MSR_MC0_CTL 0x400u /* each bank: control, status, address, misc */
#define MCG_CAP_HAS_CTL 0x100u
#define MCG_CAP_BANKS 0xffu

void machine_check_start_cpu(void)
{
    uint32_t features = cpuid_read(1, 0).edx;
    uint64_t cr4;
    if (!(features & CPUID_MCE))
        return;
    if (features & CPUID_MCA) {
        uint64_t capabilities = msr_read(MSR_MCG_CAP);
        if (capabilities & MCG_CAP_HAS_CTL)
            msr_write(MSR_MCG_CTL, UINT64_MAX);
        for (uint32_t bank = 0; bank < (capabilities & MCG_CAP_BANKS); bank++) {
            msr_write(MSR_MC0_CTL + 4 * bank, UINT64_MAX);
            msr_write(MSR_MC0_CTL + 4 * bank + 1, 0);
        }
    }
    __asm__ volatile("movq %%cr4, %0" : "=r"(cr4));
    __asm__ volatile("movq %0, %%cr4" ::"r"(cr4 | CR4_MCE) : "memory");
}
