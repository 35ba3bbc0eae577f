/* fault that cannot handle a fault. */
/* SPDX-License-Identifier: MIT */
#include <core/guard/guard.h>
#define guard_fault(frame) (*(volatile bool *)0x7008)
