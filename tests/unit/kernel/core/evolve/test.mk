# Parts of the swap's task that need no machine.
# SPDX-License-Identifier: MIT
sources := kernel/core/evolve/unloaded.c
uses    := core
