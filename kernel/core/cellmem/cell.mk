# Memory that holds cells: text, read-only data, homes, stubs and slots in the top 2 GiB.
# SPDX-License-Identifier: MIT
cell  := cellmem
kind  := core
start := none
uses  := libc heap frame paging random
