/* guard whose numbers are wider. */
/* SPDX-License-Identifier: MIT */
#define GUARD_KEPT unsigned long
#include "guard.few.h"
