# Tests of several processors: how many, interrupts between them, locks, translations.
# SPDX-License-Identifier: MIT
cell := test_processors
kind := test
start := app
uses := libc ktest cpu task spinlock paging frame interrupt bootinfo clock lapic
