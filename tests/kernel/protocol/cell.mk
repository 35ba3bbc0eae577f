# Tests of what a swap does while all CPUs are held: hazards 10, 19, 20, 21 and 26.
# SPDX-License-Identifier: MIT
cell  := test_protocol
kind  := test
start := app
uses  := libc console ktest commit guard evolve heap namespace task clock cpu
