/* Sessions over things of lineage_library. */
/* SPDX-License-Identifier: MIT */
#include "lineage_glue.h"

#include <lib/base/evolve.h>
#include <mm/heap/heap.h>
#include <tests/kernel/lineage_library/lineage_library.h>

struct session {
    struct sample sample;
    struct thing *thing;
};

EVOLVE_IN_USE(sessions);
static uint32_t sessions; /* [a] */

static uint64_t session_add(struct sample *sample, uint64_t number)
{
    return thing_add(((struct session *)sample)->thing, number);
}

static uint32_t session_version(struct sample *sample)
{
    (void)sample;
    return thing_version();
}

static void session_close(struct sample *sample)
{
    thing_destroy(((struct session *)sample)->thing);
    heap_free(sample);
    __atomic_sub_fetch(&sessions, 1, __ATOMIC_ACQ_REL);
}

static const struct sample_ops session_ops = {session_add, session_version, session_close};

struct sample *lineage_glue_open(void)
{
    struct session *session = heap_calloc(1, sizeof *session);
    struct thing *thing = thing_create();
    if (!session || !thing) {
        heap_free(session);
        heap_free(thing);
        return NULL;
    }
    session->sample.ops = &session_ops;
    session->thing = thing;
    __atomic_add_fetch(&sessions, 1, __ATOMIC_ACQ_REL);
    return &session->sample;
}
