# Line editing on the host.
# SPDX-License-Identifier: MIT
sources := kernel/console/console/editor.c
