# What tests that swap cells share.
# SPDX-License-Identifier: MIT
cell  := kswap
kind  := test
start := none
uses  := libc ktest evolve namespace archive clock
