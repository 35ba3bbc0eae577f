# How the host tool celltool is built.
# SPDX-License-Identifier: MIT
sources := celltool.c base.c sha256.c object.c select.c debug.c types.c collect.c functions.c statics.c data.c layouts.c info.c emit.c write.c load.c show.c compare.c diff.c kernel/core/elf/elf.c kernel/core/loader/closure.c kernel/core/loader/instruction.c kernel/core/loader/waits.c
links := -ldw -lelf
