# How the boot stub is compiled and linked, beside the flags of all cells.
# SPDX-License-Identifier: MIT
stub_flags := -fno-asynchronous-unwind-tables
stub_ldflags := -z max-page-size=4096
