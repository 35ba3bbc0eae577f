// The meaning of a function's code or an object's contents as text.
// SPDX-License-Identifier: MIT
#ifndef CELLTOOL_COMPARE_H
#define CELLTOOL_COMPARE_H

#include "load.h"

// Bytes SIZE at VALUE of SECTION, and what each relocation in them refers to: functions
// and objects by name, literals by their contents. Two versions with equal meaning give
// equal text.
const char *meaning_text(struct job *job, const struct cell *cell, uint32_t section,
                         uint32_t value, uint64_t size);

#endif
