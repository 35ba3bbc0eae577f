# The functions under test get another name, so that the sanitizers keep their own.
# SPDX-License-Identifier: MIT
flags := -fno-builtin -fno-tree-loop-distribute-patterns
