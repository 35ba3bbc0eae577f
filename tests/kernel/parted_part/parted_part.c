/* A part of parted_whole that became a cell of its own. */
/* SPDX-License-Identifier: MIT */
#include <lib/base/evolve.h>

uint64_t parted_part_add(uint64_t number);

static uint64_t total;

EVOLVE_TAKES(parted_whole, total);

uint64_t parted_part_add(uint64_t number)
{
    return total += number;
}
