# Sees a machine's network from outside: messages at a steady rate, and when each came back.
# SPDX-License-Identifier: MIT
program := gap
sources := gap.c tests/kernel/network/peer/drops.c
