/* Makes the kernel's namespace describe the cells that the boot image placed.
 * SPDX-License-Identifier: MIT
 *
 * The image holds placed bytes, the archive the objects that they came from, the placement
 * table where each section went. Adopting parses each object again, checks that every
 * relocation site in text and constants holds what the loader computes, and so gives running
 * cells the same metadata as cells that are loaded later. Boot processor, once, with a heap.
 */
#ifndef NEURATH_CORE_ADOPT_H
#define NEURATH_CORE_ADOPT_H

#include <core/loader/loader.h>

/* STATUS_DENIED: image and archive do not belong together, *out_why says where;
 * STATUS_NOT_FOUND: there is no archive or no table; STATUS_FULL. */
NODISCARD enum status adopt_boot(struct namespace *ns, struct refusal *out_why);

/* The same from tables given directly, for hosts and tests. */
NODISCARD enum status adopt_tables(struct namespace *ns, const uint8_t *table,
                                   size_t table_len, const uint8_t *archive,
                                   size_t archive_len, struct refusal *out_why);

#endif
