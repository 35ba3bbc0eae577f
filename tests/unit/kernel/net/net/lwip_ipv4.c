/* lwIP's IPv4 for the host; see lwip_core.c. */
/* SPDX-License-Identifier: MIT */
#include "core/ipv4/dhcp.c"
#include "core/ipv4/etharp.c"
#include "core/ipv4/icmp.c"
#include "core/ipv4/ip4.c"
#include "core/ipv4/ip4_addr.c"
#include "core/ipv4/ip4_frag.c"
