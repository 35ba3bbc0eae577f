# Physical memory.
# SPDX-License-Identifier: MIT
cell := frame
kind := core
uses := libc bootinfo spinlock fault cpu task
