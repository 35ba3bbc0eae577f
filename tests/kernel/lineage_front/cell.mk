# What test_lineage sees of a library that drains.
# SPDX-License-Identifier: MIT
cell  := lineage_front
kind  := test
start := none
uses  := lineage_glue lineage_library clock
