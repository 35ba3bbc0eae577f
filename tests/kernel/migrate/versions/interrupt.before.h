/* interrupt as it was before lines could be held. */
/* SPDX-License-Identifier: MIT */
#define hold hold_of_before
#define interrupt_lines_hold interrupt_before_hold
#define interrupt_lines_prolong interrupt_before_prolong
#define interrupt_lines_release interrupt_before_release
