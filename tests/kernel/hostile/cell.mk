# Damaged objects of every running cell, given to the engine of a running kernel.
# SPDX-License-Identifier: MIT
cell  := test_hostile
kind  := test
start := app
uses  := libc console ktest kswap evolve namespace archive heap frame bootinfo clock
