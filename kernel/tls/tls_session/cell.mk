# One TLS 1.3 session over a connection of net, as mbedTLS does it.
# SPDX-License-Identifier: MIT
cell  := tls_session
kind  := library
start := none
lineage := mbedtls
uses  := libc mbedtls net heap random format trusted_time
