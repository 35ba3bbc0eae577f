# A device that interrupts often, for tests: the real-time clock.
# SPDX-License-Identifier: MIT
cell  := ticks
kind  := test
start := none
uses  := ktest interrupt
