# Random numbers.
# SPDX-License-Identifier: MIT
cell := random
kind := library
start := early
uses := libc spinlock log
