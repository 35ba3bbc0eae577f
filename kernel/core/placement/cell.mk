# The placement table: where the boot image builder put each section and stub.
# SPDX-License-Identifier: MIT
cell  := placement
kind  := core
start := none
uses  := libc
