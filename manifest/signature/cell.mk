# Digests, signatures and keys of libmanifest, as mbedTLS does them. It starts again with the library when that drains, so
# no cell outside of the lineage knows the library's types.
# SPDX-License-Identifier: MIT
cell    := signature
kind    := library
start   := none
lineage := mbedtls
uses    := libc json mbedtls
