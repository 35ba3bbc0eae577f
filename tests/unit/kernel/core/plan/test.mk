# Compiles small cells at test time, so it needs celltool.
# SPDX-License-Identifier: MIT
sources := fixture.c
uses    := core
flags   := -DTEST_CC='"$(CC)"' -DTEST_CELL_FLAGS='"$(CELL_FLAGS)"' -DTEST_CELLTOOL='"$(B)/bin/celltool"'
$(B)/tests/unit/kernel/core/plan/%_test: $(B)/bin/celltool
