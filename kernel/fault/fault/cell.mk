# Exceptions: report, then restart the task or the machine.
# SPDX-License-Identifier: MIT
cell := fault
kind := core
start := service
uses := libc format serial log shell console clock task entry cpu interrupt paging guard stale unwind namespace power spinlock
