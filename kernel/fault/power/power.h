/* Resets the machine. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_FAULT_POWER_POWER_H
#define NEURATH_FAULT_POWER_POWER_H

#include <lib/base/types.h>

/* By the chip set's reset port 0xcf9, then the keyboard controller, then a triple fault. Any context, NMI too. */
NORETURN void power_reset(void);

#endif
