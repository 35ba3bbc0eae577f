# Tests of channels, also while their tasks are asked to leave and their code is replaced.
# SPDX-License-Identifier: MIT
cell  := test_channel
kind  := test
start := app
uses  := libc ktest kswap channel task spinlock clock cpu entry
