# Tests of frames, page tables and the heap.
# SPDX-License-Identifier: MIT
cell := test_memory
kind := test
start := app
uses := libc ktest frame paging heap task fault bootinfo clock
