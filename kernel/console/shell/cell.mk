# Commands on the console.
# SPDX-License-Identifier: MIT
cell := shell
kind := service
start := service
uses := libc console task cpu heap frame interrupt clock rtc spinlock power
