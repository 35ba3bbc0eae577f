# Tests that retired versions are freed when nothing refers to them, and only then.
# SPDX-License-Identifier: MIT
cell  := test_retire
kind  := test
start := app
uses  := libc console ktest kswap leaver leaver_state swap_target evolve stale namespace archive heap task clock
