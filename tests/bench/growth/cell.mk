# Measures parks and drains of the same swaps in machines of different sizes, and against stores and migrated objects.
# SPDX-License-Identifier: MIT
cell  := bench_growth
kind  := test
start := app
uses  := libc ktest console coupled_server coupled_client growth_target growth_sites growth_objects moving_target evolve namespace archive heap bootinfo task entry spinlock
