# Tests that a swap which cannot be carried out leaves nothing behind, and that requests queue.
# SPDX-License-Identifier: MIT
cell  := test_undo
kind  := test
start := app
uses  := libc console ktest swap_target moving_target evolve commit namespace elf archive heap frame task clock cpu
