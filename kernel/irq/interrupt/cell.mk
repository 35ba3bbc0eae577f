# Interrupt vectors and device interrupt handlers.
# SPDX-License-Identifier: MIT
cell := interrupt
kind := core
uses := entry cpu lapic ioapic acpi paging clock timer spinlock
