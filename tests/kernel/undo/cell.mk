# Tests that a swap which cannot be carried out leaves nothing behind, and that requests queue.
# SPDX-License-Identifier: MIT
cell  := test_undo
kind  := test
start := app
uses  := libc console ktest kswap swap_target moving_target evolve commit namespace elf heap frame task clock cpu
