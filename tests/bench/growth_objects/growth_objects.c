/* Many objects of 32 bytes whose form changes: fields change places. */
/* SPDX-License-Identifier: MIT */
#include "growth_objects.h"

#if defined VARIANT_b125 || defined VARIANT_b250 || defined VARIANT_b500 ||              \
    defined VARIANT_b600
struct thing {
    uint64_t large;
    uint32_t count;
    uint32_t small;
    uint64_t words[2];
};
#else
struct thing {
    uint64_t words[2];
    uint32_t small;
    uint32_t count;
    uint64_t large;
};
#endif

static struct thing first;

void growth_objects_write(uint32_t small, uint64_t large)
{
    first.small = small;
    first.large = large;
}

void growth_objects_read(uint32_t *out_small, uint64_t *out_large)
{
    *out_small = first.small;
    *out_large = first.large;
}

#define NAMED(n) __attribute__((used)) static struct thing thing_##n;
#define NUMBERED(n) NAMED(n)
#define THING NUMBERED(__COUNTER__)
#define THINGS_5 THING THING THING THING THING
#define THINGS_25 THINGS_5 THINGS_5 THINGS_5 THINGS_5 THINGS_5
#define THINGS_125 THINGS_25 THINGS_25 THINGS_25 THINGS_25 THINGS_25
#define THINGS_250 THINGS_125 THINGS_125
#define THINGS_500 THINGS_250 THINGS_250

#if defined VARIANT_a600 || defined VARIANT_b600
THINGS_500 THINGS_25 THINGS_25 THINGS_25 THINGS_25
#elif defined VARIANT_a500 || defined VARIANT_b500
THINGS_500
#elif defined VARIANT_a250 || defined VARIANT_b250
THINGS_250
#else
THINGS_125
#endif
