# The IOAPICs.
# SPDX-License-Identifier: MIT
cell := ioapic
kind := driver
uses := acpi paging spinlock
