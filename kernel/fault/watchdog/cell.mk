# The hardware watchdog: resets a machine in which nothing answers any more.
# SPDX-License-Identifier: MIT
cell  := watchdog
kind  := driver
start := device
uses  := libc pci log spinlock task clock
