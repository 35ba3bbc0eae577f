# libmanifest as a cell: verification only, signing stays on the host.
# SPDX-License-Identifier: MIT
cell    := manifest
kind    := library
start   := none
uses    := libc json mbedtls
sources := frame.c text.c strict_json.c crypto.c root.c release.c timestamp.c orders.c trust.c trust_state.c
