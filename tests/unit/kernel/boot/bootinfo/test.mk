# The kernel's command line on the host.
# SPDX-License-Identifier: MIT
sources := kernel/boot/bootinfo/bootinfo.c
