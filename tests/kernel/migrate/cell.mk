# Tests of migrations inside a running kernel.
# SPDX-License-Identifier: MIT
cell     := test_migrate
kind     := test
start    := app
uses     := libc heap ktest kswap migrate_target states_target growth_objects evolve namespace clock console ticks task entry spinlock
versions := interrupt.before evolve.before
