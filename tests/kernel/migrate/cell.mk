# Tests of migrations inside a running kernel.
# SPDX-License-Identifier: MIT
cell  := test_migrate
kind  := test
start := app
uses  := libc heap ktest migrate_target evolve namespace archive clock
