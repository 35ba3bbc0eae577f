# The memory allocator.
# SPDX-License-Identifier: MIT
cell := heap
kind := core
uses := libc frame spinlock fault cpu task
