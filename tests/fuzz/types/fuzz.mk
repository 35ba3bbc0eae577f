# SPDX-License-Identifier: MIT
sources := kernel/tools/celltool/base.c kernel/tools/celltool/info.c tests/unit/kernel/core/image.c tests/unit/kernel/core/sample.c
uses    := core
