# A cell that growth_sites calls from many places; swapped by bench_growth.
# SPDX-License-Identifier: MIT
cell     := growth_target
kind     := test
start    := none
variants := second
