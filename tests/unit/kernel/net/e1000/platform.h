/* Memory as the driver sees it, for the host: physical addresses are the pointers themselves. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_E1000_PLATFORM_H
#define NEURATH_TESTS_E1000_PLATFORM_H

#define NEURATH_MM_PAGING_PAGING_H

#include "../net/platform.h"

static inline void *phys_to_virt(uint64_t phys)
{
    return (void *)phys;
}

static inline uint64_t direct_to_phys(const void *address)
{
    return (uint64_t)address;
}

#endif
