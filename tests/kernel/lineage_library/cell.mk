# A library whose objects lie on the heap, to drain in test_lineage; each variant has another form of them.
# SPDX-License-Identifier: MIT
cell     := lineage_library
kind     := test
start    := service
lineage  := sample
uses     := heap lineage_front lineage_glue
variants := second fails faults
