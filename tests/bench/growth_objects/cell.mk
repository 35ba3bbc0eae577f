# Has 126 objects, or one more than the variant says, in form `a` or `b`.
# SPDX-License-Identifier: MIT
cell     := growth_objects
kind     := test
start    := none
variants := b125 b250 a250 a500 b500 a600 b600
