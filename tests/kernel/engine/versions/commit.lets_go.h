/* commit that does without the number. */
/* SPDX-License-Identifier: MIT */
#include <lib/base/evolve.h>
EVOLVE_DROPS(commit_count);
