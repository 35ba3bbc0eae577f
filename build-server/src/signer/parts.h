/* Checks a set: a release that was put together from the cells of two others.
 * SPDX-License-Identifier: MIT
 *
 * A release that the signer signed belongs to a build, re-issues the content of one, or is a set; so, when a set's parts are
 * such releases and each of its cells stands in one of them, each of its objects comes from a build.
 * Rules:
 *  1 Both parts were signed before (journal), and their frames are here and say the same.
 *  2 The set is later than both, for the same channel and target, on the base's commit and boot stub; its security
 *    version is not below either's.
 *  3 Each cell is that of its name in one of the parts: object, length, ABI, and at least the same uses.
 *  4 A cell that both parts have is in the set.
 *  5 The set is closed: with rule 3, because manifest_release_open() found every use in it.
 * Whether signatures and types fit together is judged before by the planner, and again by each machine. */
#ifndef NEURATH_SIGNER_PARTS_H
#define NEURATH_SIGNER_PARTS_H

#include "signer/journal.h"

#include <manifest/manifest.h>

#define PARTS_WHY_LEN 256

/* SET was opened by manifest_release_open(). STATE is the state folder. RESULT_REFUSED: OUT_WHY says why. */
NODISCARD enum result parts_check(const char *state, const struct journal *journal,
                                  const struct manifest_root *root,
                                  const struct manifest_release *set,
                                  struct journal_parts parts,
                                  char out_why[static PARTS_WHY_LEN]);

#endif
