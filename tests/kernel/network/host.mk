# The server on the host that the network test talks to.
# SPDX-License-Identifier: MIT
program  := network-peer
packages := libmicrohttpd gnutls
sources  := peer/server.c peer/answers.c peer/echo.c peer/drops.c peer/link.c peer/names.c peer/neighbour.c tests/unit/kernel/tls/tls/certificates.c
