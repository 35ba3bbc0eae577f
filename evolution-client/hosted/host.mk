# The client's core over real TLS on a host: drives a real server without a kernel.
# SPDX-License-Identifier: MIT
program := client-host
uses    := client_core manifest mbedtls
packages := jansson
sources := *.c kernel/net/http/parser.c
