# SPDX-License-Identifier: MIT
sources := fixture.c $(filter-out %/celltool.c,$(wildcard kernel/tools/celltool/*.c))
flags   := -DTEST_CC='"$(CC)"' -DTEST_LD='"$(LD)"' -DTEST_CELL_FLAGS='"$(CELL_FLAGS)"' \
    -DTEST_CELL_HEADERS='"$(CELL_HEADERS)"' -DTEST_CELL_ABI='"$(strip $(CELL_ABI))"'
links   := -ldw -lelf
