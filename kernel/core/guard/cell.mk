# The guard of a trial: takes a swap back when the new code faults, sticks or is never confirmed.
# SPDX-License-Identifier: MIT
cell    := guard
kind    := core
start   := none
closure := yes
uses    := cpu task
flags   := -fno-builtin -fno-tree-loop-distribute-patterns
