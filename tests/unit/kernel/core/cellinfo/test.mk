# SPDX-License-Identifier: MIT
# The tables are encoded by celltool: writer and reader are tested against each other.
sources := tests/unit/kernel/core/image.c kernel/core/elf/elf.c kernel/core/cellinfo/cellinfo.c \
    kernel/tools/celltool/base.c kernel/tools/celltool/info.c
