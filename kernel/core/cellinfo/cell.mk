# Bounds-checked reader of a cell's `.cell` section.
# SPDX-License-Identifier: MIT
cell  := cellinfo
kind  := core
start := none
uses  := libc elf
