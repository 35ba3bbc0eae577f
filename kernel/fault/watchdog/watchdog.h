/* The hardware watchdog: resets a machine in which nothing answers any more, not even the guard. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_FAULT_WATCHDOG_WATCHDOG_H
#define NEURATH_FAULT_WATCHDOG_WATCHDOG_H

#include <lib/base/status.h>

/* The timer of the Intel 6300ESB (PCI 8086:25ab; QEMU's i6300esb). Any context. On a machine without one these functions do
 * nothing: then only the guard watches a trial.
 * Source: Intel 6300ESB I/O controller hub datasheet, "Watchdog timer". */

/* From now on the machine resets when for WATCHDOG_SECONDS no task runs. */
#define WATCHDOG_SECONDS 20u
void watchdog_arm(void);
void watchdog_disarm(void);

/* Start hook, phase device: finds the timer, and makes the task that reloads it each second. */
enum status watchdog_start(void);

#endif
