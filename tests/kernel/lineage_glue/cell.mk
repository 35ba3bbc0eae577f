# Sessions over things of lineage_library: they drain with it.
# SPDX-License-Identifier: MIT
cell    := lineage_glue
kind    := test
start   := none
lineage := sample
uses    := heap lineage_library lineage_front
