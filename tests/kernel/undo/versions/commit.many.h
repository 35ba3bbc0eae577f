/* commit whose number is wider. */
/* SPDX-License-Identifier: MIT */
#define COMMIT_KEPT unsigned long
#include "commit.few.h"
