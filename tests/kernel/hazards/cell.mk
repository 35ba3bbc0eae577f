# Tests of single lines of kernel/core/HAZARDS.md that no other test has.
# SPDX-License-Identifier: MIT
cell  := test_hazards
kind  := test
start := app
uses  := libc console log ktest kswap guest leaver leaver_state channel swap_target evolve namespace cellmem elf cellinfo unwind archive heap task clock cpu entry fault interrupt timer paging
