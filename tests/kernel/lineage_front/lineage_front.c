/* What test_lineage sees of a library that drains. */
/* SPDX-License-Identifier: MIT */
#include "lineage_front.h"

#include <tests/kernel/lineage_glue/lineage_glue.h>
#include <tests/kernel/lineage_library/lineage_library.h>
#include <time/clock/clock.h>

static uint32_t starts; /* [a] */
static uint32_t stops;  /* [a] */

struct sample *sample_open(void)
{
    return lineage_glue_open();
}

void sample_close(struct sample *sample)
{
    sample->ops->close(sample);
}

uint64_t sample_add(struct sample *sample, uint64_t number)
{
    return sample->ops->add(sample, number);
}

uint32_t sample_version(struct sample *sample)
{
    return sample->ops->version(sample);
}

bool sample_direct(uint64_t ns)
{
    struct thing *thing = thing_create();
    uint64_t end = clock_ns() + ns;
    bool good = thing != NULL;
    while (clock_ns() < end)
        ;
    if (thing) {
        good = thing_add(thing, 5) == 5;
        thing_destroy(thing);
    }
    return good;
}

void lineage_front_note_start(void)
{
    __atomic_add_fetch(&starts, 1, __ATOMIC_SEQ_CST);
}

void lineage_front_note_stop(void)
{
    __atomic_add_fetch(&stops, 1, __ATOMIC_SEQ_CST);
}

uint32_t lineage_front_starts(void)
{
    return __atomic_load_n(&starts, __ATOMIC_SEQ_CST);
}

uint32_t lineage_front_stops(void)
{
    return __atomic_load_n(&stops, __ATOMIC_SEQ_CST);
}
