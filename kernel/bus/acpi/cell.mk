# ACPI's static tables.
# SPDX-License-Identifier: MIT
cell := acpi
kind := core
uses := libc bootinfo
