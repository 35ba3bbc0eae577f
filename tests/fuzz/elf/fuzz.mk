# SPDX-License-Identifier: MIT
sources := kernel/core/elf/elf.c tests/unit/kernel/core/image.c
