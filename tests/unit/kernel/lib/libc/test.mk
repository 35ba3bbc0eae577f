# memory_test compiles the functions under another name; format_test runs the cell's own object, all names with k_ in front.
# SPDX-License-Identifier: MIT
flags := -fno-builtin -fno-tree-loop-distribute-patterns
flags_format_test := -fno-pie
links_format_test := -no-pie $(B)/tests/cells/libc.o

$(B)/tests/unit/kernel/lib/libc/format_test: $(B)/tests/cells/libc.o
