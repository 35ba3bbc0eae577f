# Brings the machine up.
# SPDX-License-Identifier: MIT
cell := init
kind := core
uses := bootinfo cpu serial interrupt acpi frame paging heap lapic ioapic hpet clock timer task log adopt namespace lifecycle fault
