# A cell of which a part was split off, with an object of its own: parted_part; the variant `one` has it still.
# SPDX-License-Identifier: MIT
cell     := parted_whole
kind     := test
start    := none
uses     :=
variants := one
