# Tests of clocks, random numbers, PCI and the routes of interrupts.
# SPDX-License-Identifier: MIT
cell := test_devices
kind := test
start := app
uses := libc ktest pci random rtc clock hpet ioapic lapic interrupt acpi cpu task bootinfo paging fault log format
