# Tests that retired versions are freed when nothing refers to them, and only then.
# SPDX-License-Identifier: MIT
cell  := test_retire
kind  := test
start := app
uses  := libc console ktest kswap swap_target evolve namespace archive heap task clock
