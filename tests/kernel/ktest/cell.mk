# Runs the cases of a kernel test and ends the machine with the result.
# SPDX-License-Identifier: MIT
cell := ktest
kind := test
start := none
uses := init task console fault clock spinlock entry
