# The driver on the host, over registers and rings in plain memory.
# SPDX-License-Identifier: MIT
sources := kernel/net/e1000/e1000.c kernel/net/e1000/rings.c kernel/net/nic/nic.c kernel/lib/format/format.c
flags   := -include tests/unit/kernel/net/e1000/platform.h
