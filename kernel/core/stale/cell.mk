# Old text that cannot be executed any more: who tries is named, and survives.
# SPDX-License-Identifier: MIT
cell  := stale
kind  := core
start := none
uses  := libc namespace paging log clock cpu task unwind elf
