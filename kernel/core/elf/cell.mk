# Bounds-checked reader of ELF64 relocatable objects (ET_REL, x86_64).
# SPDX-License-Identifier: MIT
cell  := elf
kind  := core
start := none
uses  := libc
