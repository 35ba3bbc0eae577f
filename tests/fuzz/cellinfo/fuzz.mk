# SPDX-License-Identifier: MIT
sources := kernel/core/elf/elf.c kernel/core/cellinfo/cellinfo.c kernel/tools/celltool/base.c \
    kernel/tools/celltool/info.c tests/unit/kernel/core/image.c tests/unit/kernel/core/sample.c
