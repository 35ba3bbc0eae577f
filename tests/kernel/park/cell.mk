# Measures parks: how many places a swap writes, and how long the processors are held.
# SPDX-License-Identifier: MIT
cell  := test_park
kind  := test
start := app
uses  := libc ktest console swap_target coupled_server coupled_client evolve namespace archive task
