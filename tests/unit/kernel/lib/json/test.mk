# Runs the json cell's own object over the libc cell's, all names with k_ in front.
# SPDX-License-Identifier: MIT
flags := -fno-pie
packages := jansson
links := -no-pie $(B)/tests/cells/json.o $(B)/tests/cells/libc.o

$(B)/tests/unit/kernel/lib/json/json_test: $(B)/tests/cells/json.o $(B)/tests/cells/libc.o
