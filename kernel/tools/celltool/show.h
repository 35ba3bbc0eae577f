// celltool show: what a cell's .cell section says, for people and as JSON.
// SPDX-License-Identifier: MIT
#ifndef CELLTOOL_SHOW_H
#define CELLTOOL_SHOW_H

#include "load.h"

void show_text(const struct cell *cell, struct text *out);
void show_json(const struct cell *cell, struct text *out);

#endif
