# Tests of tasks, events, wait queues, deadlines, timers and fault restarts.
# SPDX-License-Identifier: MIT
cell := test_tasks
kind := test
start := app
uses := libc ktest guard task entry spinlock timer clock fault heap frame cpu log
