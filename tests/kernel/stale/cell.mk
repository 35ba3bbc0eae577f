# Tests that a pointer to old text which no scan can find is named, and that its user survives.
# SPDX-License-Identifier: MIT
cell     := test_stale
kind     := test
start    := app
uses     := libc console ktest kswap swap_target evolve stale namespace archive fault task clock
versions := namespace.faults
