# The kernel's log.
# SPDX-License-Identifier: MIT
cell := log
kind := service
start := service
uses := libc format console shell clock task spinlock bootinfo
