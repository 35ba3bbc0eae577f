# What a trial notices besides faults and loops: wrong results, leaks, silence.
# SPDX-License-Identifier: MIT
cell  := test_trial
kind  := test
start := app
uses  := libc ktest kswap swap_target evolve archive namespace cellinfo elf heap frame task spinlock clock cpu entry
