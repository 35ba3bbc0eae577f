# The processors: blocks, descriptor tables, starting them, interrupts between them.
# SPDX-License-Identifier: MIT
cell := cpu
kind := core
uses := libc bootinfo acpi paging interrupt lapic timer clock task log entry
