# One case reads the text of every cell, so they have to be there.
# SPDX-License-Identifier: MIT
sources := kernel/core/unwind/cfi.c kernel/tools/celltool/base.c kernel/tools/celltool/info.c \
    tests/unit/kernel/core/image.c tests/unit/kernel/core/sample.c
uses    := core
flags   := -DTEST_CELLS='"$(B)/cells"'
$(B)/tests/unit/kernel/core/loader/instruction_test: $(cell_objects)
