# The scheduler, tasks, events, wait queues.
# SPDX-License-Identifier: MIT
cell := task
kind := core
uses := libc entry cpu spinlock heap paging clock timer fault
