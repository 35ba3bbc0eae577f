// celltool diff: what changed between two versions of a cell, function by function.
// SPDX-License-Identifier: MIT
#ifndef CELLTOOL_DIFF_H
#define CELLTOOL_DIFF_H

#include "load.h"

// Adds one line for each difference; returns how many. No line: the swap has nothing to
// do.
size_t diff_cells(const struct cell *old, const struct cell *new, struct text *out);

#endif
