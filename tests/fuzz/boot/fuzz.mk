# SPDX-License-Identifier: MIT
sources := kernel/core/archive/cpio.c kernel/core/placement/placement.c
