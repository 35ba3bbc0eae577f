# Tests of elements of the heap that change their form, inside a running kernel.
# SPDX-License-Identifier: MIT
cell  := test_moving
kind  := test
start := app
uses  := libc heap frame paging ktest kswap moving_target evolve namespace clock console task ticks
versions := frame.again heap.again
