cell    := guard
kind    := core
start   := none
closure := yes
uses    := cpu task
flags   := -fno-builtin -fno-tree-loop-distribute-patterns
