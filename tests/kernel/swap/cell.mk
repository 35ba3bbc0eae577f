# Tests of the swap engine inside a running kernel.
# SPDX-License-Identifier: MIT
cell  := test_swap
kind  := test
start := app
uses  := libc ktest kswap swap_target evolve namespace cellinfo elf unwind archive heap task spinlock clock cpu entry paging
