# HTTP/1.1 client with strict limits.
# SPDX-License-Identifier: MIT
cell  := http
kind  := library
start := none
uses  := libc net tls heap task format
