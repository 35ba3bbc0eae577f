# Ends the machine by a fault that no restart can cure; the run script looks at what it says.
# SPDX-License-Identifier: MIT
cell := test_fatal
kind := test
start := app
uses := ktest swap_target evolve archive task spinlock bootinfo timer clock libc
