# The net cell on the host, over lwIP's loopback and over a wire that the test holds.
# SPDX-License-Identifier: MIT
sources := world.c lwip_core.c lwip_tcp.c lwip_ipv4.c lwip_ipv6.c kernel/net/lwip/port.c \
    kernel/net/net/conn.c kernel/net/net/datagram.c kernel/net/net/listener.c kernel/net/net/net.c \
    kernel/net/net/netif.c kernel/net/net/ring.c kernel/net/net/shell.c kernel/net/net/work.c
flags   := -fno-sanitize=shift -include tests/unit/kernel/net/net/platform.h -Ikernel/net/lwip/port -isystem $(call tree_of,lwip)/src/include \
    -isystem $(call tree_of,lwip)/src
