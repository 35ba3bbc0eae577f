# Plans a swap: everything that can fail happens here, and nothing that runs is changed.
# SPDX-License-Identifier: MIT
cell  := plan
kind  := core
start := none
uses  := libc elf cellinfo cellmem namespace loader heap
