# The network card as a neutral device object between drivers and the stack.
# SPDX-License-Identifier: MIT
cell  := nic
kind  := driver
start := none
uses  := libc heap task spinlock cpu
