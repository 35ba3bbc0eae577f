# Reads newc cpio archives: the boot archive, with cell objects and what the lab hands over.
# SPDX-License-Identifier: MIT
cell  := archive
kind  := core
start := none
uses  := libc bootinfo paging
