# Tests of tasks that the guard catches in new text whose data go back to their old form.
# SPDX-License-Identifier: MIT
cell  := test_withdraw
kind  := test
start := app
uses  := libc ktest kswap withdraw_target evolve stale namespace task spinlock clock entry
