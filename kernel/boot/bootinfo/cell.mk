# What the boot stub found.
# SPDX-License-Identifier: MIT
cell := bootinfo
kind := core
uses := libc
