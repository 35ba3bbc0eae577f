# A part of parted_whole that became a cell of its own, and took an object along.
# SPDX-License-Identifier: MIT
cell  := parted_part
kind  := test
start := none
uses  :=
