# SPDX-License-Identifier: MIT
sources := tests/unit/kernel/core/image.c kernel/core/elf/elf.c
