# Page tables, W^X.
# SPDX-License-Identifier: MIT
cell := paging
kind := core
uses := libc bootinfo frame cpu spinlock fault
