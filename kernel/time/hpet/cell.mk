# The high precision event timer.
# SPDX-License-Identifier: MIT
cell := hpet
kind := driver
uses := acpi paging
