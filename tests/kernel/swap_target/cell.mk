# A cell that exists to be swapped by test_swap; each variant is another version of it.
# SPDX-License-Identifier: MIT
cell     := swap_target
kind     := test
start    := none
uses     := heap frame task entry clock cpu spinlock
variants := second third type signature fault cli loop helper deadlock hook hook_loops hook_slow wrong unchecked check_loops check_late \
            leaks loses caches devours hides asleep
