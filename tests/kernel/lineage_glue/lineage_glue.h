/* Sessions over things of lineage_library. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_KERNEL_LINEAGE_GLUE_H
#define NEURATH_TESTS_KERNEL_LINEAGE_GLUE_H

#include <tests/kernel/lineage_front/lineage_front.h>

struct sample_ops {
    uint64_t (*add)(struct sample *sample, uint64_t number);
    uint32_t (*version)(struct sample *sample);
    void (*close)(struct sample *sample);
};

/* What every session begins with. */
struct sample {
    const struct sample_ops *ops;
};

/* As sample_open(). */
struct sample *lineage_glue_open(void);

#endif
