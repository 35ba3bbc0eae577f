# Loads one cell object: places its sections, relocates it, and lists what it imports.
# SPDX-License-Identifier: MIT
cell  := loader
kind  := core
start := none
uses  := libc elf cellinfo cellmem namespace heap
