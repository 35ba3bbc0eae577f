# libmanifest as a cell: verification, and signatures by the machine's own key; frames are made on hosts only.
# SPDX-License-Identifier: MIT
cell    := manifest
kind    := library
start   := none
uses    := libc json mbedtls heap
sources := frame.c text.c strict_json.c crypto.c secret.c root.c release.c timestamp.c orders.c trust.c trust_state.c
# The kernel's heap under the C library's names; sources say what they put there (lib/base/memory.h).
flags   := -Dcalloc=heap_typed_calloc -Dfree=heap_free
