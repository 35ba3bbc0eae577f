/* Reads newc cpio archives: the boot archive, with cell objects and what the lab hands over.
 * SPDX-License-Identifier: MIT
 *
 * Source: cpio(5), "new ASCII format" (magic 070701). Everything is bounds-checked; entries
 * after a trailer are read on, so that archives may be concatenated. Any context.
 */
#ifndef NEURATH_CORE_ARCHIVE_H
#define NEURATH_CORE_ARCHIVE_H

#include <lib/base/status.h>

struct archive_entry {
    const char *name; /* without a leading "./" */
    const uint8_t *bytes;
    size_t len;
};

/* Reads the entry at *AT of ARCHIVE (LEN bytes) and moves *AT behind it. Gives *out, which
 * borrows ARCHIVE. STATUS_NOT_FOUND: no entry is left; STATUS_INVALID: malformed. */
NODISCARD enum status archive_next(const uint8_t *archive, size_t len, size_t *at,
                                   struct archive_entry *out);

/* Finds NAME in the boot archive; the last entry of that name counts. Lends *out, valid for
 * ever. STATUS_NOT_FOUND. */
NODISCARD enum status archive_find(const char *name, struct archive_entry *out);

#endif
