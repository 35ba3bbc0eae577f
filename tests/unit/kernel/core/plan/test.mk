# Compiles small cells at test time, so it needs celltool.
# SPDX-License-Identifier: MIT
sources := fixture.c
uses    := core
flags   := -DTEST_CC='"$(CC)"' -DTEST_CELL_FLAGS='"$(CELL_FLAGS)"' -DTEST_CELLTOOL='"$(B)/bin/celltool"'
$(patsubst %.c,$(B)/%,$(wildcard tests/unit/kernel/core/plan/*_test.c)): $(B)/bin/celltool
# Linked with an allocator of its own that fails when told to.
links_undo_test := $(foreach f,heap_alloc heap_calloc heap_realloc heap_free cellmem_take cellmem_give cellmem_alias_open \
    cellmem_aliases_close,-Wl,--wrap=$f)
