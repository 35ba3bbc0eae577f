# The park, and the stores of a swap under it.
# SPDX-License-Identifier: MIT
cell    := commit
kind    := core
start   := none
closure := yes
uses    := cpu guard
# Nothing here may become a call to another cell: what runs under the park must not change under it.
flags   := -fno-builtin -fno-tree-loop-distribute-patterns
