# Makes the kernel's namespace describe the cells that the boot image placed.
# SPDX-License-Identifier: MIT
cell  := adopt
kind  := core
start := none
uses  := libc cellinfo namespace loader placement archive heap bootinfo paging
