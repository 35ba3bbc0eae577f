/* fault that keeps other words. */
/* SPDX-License-Identifier: MIT */
#define interrupt_streak interrupt_faults
