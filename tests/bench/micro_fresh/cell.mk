# A small cell that uses nothing: micro.bench loads it while the machine runs, under many names.
# SPDX-License-Identifier: MIT
cell  := fresh_000
kind  := test
start := none
