# Formatting on the host, against the host's own printf.
# SPDX-License-Identifier: MIT
sources := kernel/lib/format/format.c
