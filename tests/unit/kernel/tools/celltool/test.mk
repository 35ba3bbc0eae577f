# SPDX-License-Identifier: MIT
sources := fixture.c $(filter-out %/celltool.c,$(wildcard kernel/tools/celltool/*.c)) \
    kernel/core/elf/elf.c kernel/core/loader/closure.c kernel/core/loader/instruction.c kernel/core/loader/waits.c
flags   := -DTEST_CC='"$(CC)"' -DTEST_LD='"$(LD)"' -DTEST_CELL_FLAGS='"$(CELL_FLAGS)"' \
    -DTEST_CELL_HEADERS='"$(CELL_HEADERS)"' -DTEST_CELL_ABI='"$(strip $(CELL_ABI))"'
links   := -ldw -lelf
