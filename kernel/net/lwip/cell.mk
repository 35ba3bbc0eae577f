# lwIP 2.2: the TCP/IP protocols, driven by the one task of the cell net.
# SPDX-License-Identifier: MIT
cell  := lwip
kind  := library
start := none
uses  := libc heap random clock fault
third_party := lwip

# etharp, ip4_frag and ip6_frag: see walks.h.
third_party_sources := \
    $(addprefix src/core/,$(addsuffix .c,def dns inet_chksum init ip mem memp netif pbuf tcp tcp_in tcp_out timeouts udp)) \
    $(addprefix src/core/ipv4/,$(addsuffix .c,dhcp icmp ip4 ip4_addr)) \
    $(addprefix src/core/ipv6/,$(addsuffix .c,ethip6 icmp6 ip6 ip6_addr mld6 nd6)) \
    src/netif/ethernet.c

flags := -fbuiltin -isystem $(call tree_of,lwip)/src/core -ffile-prefix-map=$(call tree_of,lwip)=/k/lwip
third_party_flags := -Dmalloc=heap_alloc -Dcalloc=heap_calloc -Dfree=heap_free
public_flags := -Ikernel/net/lwip/port -isystem $(call tree_of,lwip)/src/include
