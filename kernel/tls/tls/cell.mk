# TLS 1.3 client sessions over the connections of cell net.
# SPDX-License-Identifier: MIT
cell  := tls
kind  := library
start := none
uses  := tls_session trusted_time
