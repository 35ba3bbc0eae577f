/* commit whose number is wider. */
/* SPDX-License-Identifier: MIT */
#define COMMIT_COUNT unsigned long
#include "commit.counts.h"
