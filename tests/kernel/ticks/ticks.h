/* A device that interrupts often, for tests: the real-time clock, at 1,024 Hz (Motorola MC146818A, register A). */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_KERNEL_TICKS_H
#define NEURATH_TESTS_KERNEL_TICKS_H

#include <irq/interrupt/interrupt.h>

/* Calls FN(NULL) at each tick; what cannot be had fails the case. FN has to call ticks_take(), or none comes again. */
void ticks_start(interrupt_fn fn, enum interrupt_trigger trigger);
void ticks_stop(interrupt_fn fn);
/* Tells the device that its interrupt was taken. */
void ticks_take(void);

#endif
