/* Frame helpers shared inside libmanifest.
 * SPDX-License-Identifier: MIT
 */
#ifndef MANIFEST_FRAME_H
#define MANIFEST_FRAME_H

#include <manifest/manifest.h>

/* Whether FRAME's signed type is TYPE. */
bool manifest_frame_is(const struct manifest_frame *frame, const char *type);
/* Copies signature INDEX (below signature_count). */
void manifest_frame_signature(const struct manifest_frame *frame, size_t index,
                              struct manifest_signature *out);

#endif
