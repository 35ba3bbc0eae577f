// Writes the canonical object: what object_select() kept, and .cell.
// SPDX-License-Identifier: MIT
#ifndef CELLTOOL_EMIT_H
#define CELLTOOL_EMIT_H

#include "object.h"

void emit_object(struct job *job, const struct object *object, const struct text *cell,
                 struct text *out);

#endif
