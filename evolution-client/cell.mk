# The evolution client: portable core plus the glue to this kernel.
# SPDX-License-Identifier: MIT
cell    := client
kind    := service
start   := service
uses    := libc json mbedtls manifest
sources := core/client.c
