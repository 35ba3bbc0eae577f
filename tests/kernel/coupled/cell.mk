# Tests of swaps whose cells change what they mean to each other.
# SPDX-License-Identifier: MIT
cell  := test_coupled
kind  := test
start := app
uses  := libc ktest kswap coupled_server coupled_client evolve namespace cellinfo heap task spinlock clock cpu entry
