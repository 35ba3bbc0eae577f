/* fault that keeps other words, and faults before it asks the guard. */
/* SPDX-License-Identifier: MIT */
#include "fault.form.h"
#include <core/stale/stale.h>
#define stale_fault(frame) (*(volatile uint32_t *)0x7008 != 0)
