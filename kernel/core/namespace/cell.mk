# What runs: versions of cells, their sections, functions, imports, stubs and homes.
# SPDX-License-Identifier: MIT
cell  := namespace
kind  := core
start := none
uses  := libc elf cellinfo cellmem heap
