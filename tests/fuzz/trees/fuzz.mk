# SPDX-License-Identifier: MIT
sources := kernel/tools/celltool/base.c kernel/tools/celltool/statics.c
