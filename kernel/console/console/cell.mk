# Text output and line editing on the serial line.
# SPDX-License-Identifier: MIT
cell := console
kind := service
uses := libc format serial spinlock clock
