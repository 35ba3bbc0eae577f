# libmanifest as a cell: verification; frames are made on hosts only. The cell `signature` has the cryptography.
# SPDX-License-Identifier: MIT
cell    := manifest
kind    := library
start   := none
uses    := libc json signature heap
sources := frame.c text.c strict_json.c root.c release.c timestamp.c orders.c trust.c trust_state.c check.c
# The kernel's heap under the C library's names; sources say what they put there (lib/base/memory.h).
flags   := -Dcalloc=heap_typed_calloc -Dfree=heap_free
