# Tests of the network against a real server on the host: lease, echo, HTTP, TLS.
# SPDX-License-Identifier: MIT
cell := test_network
kind := test
start := app
uses := libc ktest net tls http heap task bootinfo clock format console
sources := network.c exchange.c secure.c names.c
