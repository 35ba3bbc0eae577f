// celltool write: linked object with debug information in, canonical object out.
// SPDX-License-Identifier: MIT
#ifndef CELLTOOL_WRITE_H
#define CELLTOOL_WRITE_H

#include "base.h"
#include "info.h"

struct write_options {
    const char *name;
    uint16_t kind;
    uint16_t phase;
    bool closure;
    bool unchecked;        // what the closure may not do is left to the loader to find
    const char *uses;      // cell names, separated by spaces
    const char *abi_flags; // compiler and flags that calls between cells depend on
    const char *lineage;   // the group that it drains with, or NULL
    const char *trees; // files of the sources' parse trees, separated by spaces, or NULL
};

// Turns LEN BYTES (changed in place) into the canonical object. False: refused in JOB.
bool write_cell(struct job *job, const struct write_options *options, uint8_t *bytes,
                size_t len, struct text *out);

#endif
