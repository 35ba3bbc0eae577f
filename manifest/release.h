/* The rules of a set, shared by reader and builder.
 * SPDX-License-Identifier: MIT
 */
#ifndef MANIFEST_RELEASE_H
#define MANIFEST_RELEASE_H

#include <manifest/manifest.h>

enum { USES_MAX = 256, NEEDS_BOOT_MAX = 256, NEEDS_BOOT_LEN_MAX = 512 };

/* Names valid, sorted and unique, every use in the set, lengths within the caps. */
MANIFEST_RESULT enum manifest_status
manifest_release_check_set(const struct manifest_release *release);

#endif
