/* guard whose numbers are narrower. */
/* SPDX-License-Identifier: MIT */
#define GUARD_COUNT unsigned char
#include "guard.counts.h"
