/* A cell that is called from many places. */
/* SPDX-License-Identifier: MIT */
#include "growth_target.h"

uint32_t growth_target_version(void)
{
#ifdef VARIANT_second
    return 2;
#else
    return 1;
#endif
}
