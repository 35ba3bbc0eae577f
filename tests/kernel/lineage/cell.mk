# Tests of a library that is replaced beside what runs, inside a running kernel.
# SPDX-License-Identifier: MIT
cell  := test_lineage
kind  := test
start := app
uses  := libc ktest kswap lineage_front lineage_glue lineage_library evolve namespace heap task clock console
