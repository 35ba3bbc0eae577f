# Walks stacks from the cells' unwind tables, exactly, at any instruction.
# SPDX-License-Identifier: MIT
cell  := unwind
kind  := core
start := none
uses  := libc namespace entry cellmem paging
