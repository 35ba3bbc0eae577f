# The local APIC.
# SPDX-License-Identifier: MIT
cell := lapic
kind := driver
uses := acpi paging clock
