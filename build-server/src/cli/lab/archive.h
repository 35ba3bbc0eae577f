/* The boot archive of one machine: the released archive, and its seed.
 * SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "../failure.h"

/* Writes to TO the newc cpio archive FROM with one more file, NAME, of LEN BYTES. The new file
 * stands before the end mark, so there is still one archive. */
bool archive_add(const char *from, const char *to, const char *name, const void *bytes,
                 size_t len, struct failure *failure);
