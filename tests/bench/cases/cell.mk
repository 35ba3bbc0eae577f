# Carries out the swaps that the cases of tests/evolution made, from a list in the boot archive, and prints what each took.
# SPDX-License-Identifier: MIT
cell  := bench_cases
kind  := test
start := app
uses  := libc ktest console evolve plan namespace archive task
