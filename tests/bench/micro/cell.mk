# The thesis' microbenchmarks (Table 9.4): null call, context switch, a task from a fresh cell, a page, a channel.
# SPDX-License-Identifier: MIT
cell  := bench_micro
kind  := test
start := app
uses  := libc ktest console plan namespace archive channel entry frame paging clock task
