/* A cell of which a part was split off. */
/* SPDX-License-Identifier: MIT */
#include <lib/base/types.h>

uint64_t parted_whole_count(void);

static uint64_t count = 3;

#ifdef VARIANT_one
uint64_t parted_whole_add(uint64_t number);

static uint64_t total;

uint64_t parted_whole_add(uint64_t number)
{
    return total += number;
}
#endif

uint64_t parted_whole_count(void)
{
    return ++count;
}
