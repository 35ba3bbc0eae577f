/* A library that nobody can migrate. */
/* SPDX-License-Identifier: MIT */
#include "lineage_library.h"

#include <mm/heap/heap.h>
#include <tests/kernel/lineage_front/lineage_front.h>

#if defined(VARIANT_second)
enum { VERSION = 2 };
struct thing {
    uint64_t added[8]; /* this version's own */
    uint64_t sum;
    uint64_t magic;
};
#elif defined(VARIANT_fails) || defined(VARIANT_faults)
enum { VERSION = 3 };
struct thing {
    uint64_t unused;
    uint64_t magic;
    uint64_t sum;
};
#else
enum { VERSION = 1 };
struct thing {
    uint64_t magic;
    uint64_t sum;
};
#endif

enum { MAGIC = 0x7416, SCRATCH_LEN = 3000 };

static struct thing *newest;
static void *scratch; /* from start to stop */

struct thing *thing_create(void)
{
    struct thing *thing =
        __atomic_load_n(&scratch, __ATOMIC_ACQUIRE) ? heap_calloc(1, sizeof *thing) : NULL;
    if (thing)
        thing->magic = MAGIC * VERSION;
    __atomic_store_n(&newest, thing, __ATOMIC_RELEASE);
    return thing;
}

void thing_destroy(struct thing *thing)
{
    struct thing *mine = thing;
    (void)__atomic_compare_exchange_n(&newest, &mine, NULL, false, __ATOMIC_ACQ_REL,
                                      __ATOMIC_RELAXED);
    heap_free(thing);
}

uint64_t thing_add(struct thing *thing, uint64_t number)
{
    if (thing->magic != MAGIC * VERSION)
        return 0;
    thing->sum += number;
    return thing->sum;
}

uint32_t thing_version(void)
{
    return VERSION;
}

enum status lineage_library_start(void)
{
    lineage_front_note_start();
#ifdef VARIANT_faults
    __builtin_trap();
#endif
    __atomic_store_n(&scratch, heap_alloc(SCRATCH_LEN), __ATOMIC_RELEASE);
#ifdef VARIANT_fails
    return STATUS_IO;
#else
    return scratch ? STATUS_OK : STATUS_FULL;
#endif
}

void lineage_library_stop(void)
{
    lineage_front_note_stop();
    heap_free(scratch);
    scratch = NULL;
}
