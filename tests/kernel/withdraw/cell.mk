# Tests of tasks that the guard catches in new text whose data go back to their old form.
# SPDX-License-Identifier: MIT
cell  := test_withdraw
kind  := test
start := app
uses  := libc ktest withdraw_target evolve stale namespace archive task spinlock clock entry
