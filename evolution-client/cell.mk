# The evolution client: portable core plus the glue to this kernel.
# SPDX-License-Identifier: MIT
cell    := client
kind    := service
start   := service
uses    := libc json mbedtls manifest signature heap http tls net evolve archive plan task spinlock cpu clock log console shell random power
sources := core/*.c cell/*.c
# The kernel's heap under the C library's names; sources say what they put there (lib/base/memory.h).
flags   := -Dcalloc=heap_typed_calloc -Drealloc=heap_typed_realloc -Dfree=heap_free
