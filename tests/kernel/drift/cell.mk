# Swaps cells chosen at random, many times: what describes them stays true, and memory stays as it was.
# SPDX-License-Identifier: MIT
cell  := test_drift
kind  := test
start := app
uses  := libc console ktest swap_target evolve namespace cellmem archive heap frame paging bootinfo task clock stale
