/* lwIP's IPv6 for the host; see lwip_core.c. */
/* SPDX-License-Identifier: MIT */
#include "core/ipv6/ethip6.c"
#include "core/ipv6/icmp6.c"
#include "core/ipv6/ip6.c"
#include "core/ipv6/ip6_addr.c"
#include "core/ipv6/ip6_frag.c"
#include "core/ipv6/mld6.c"
#include "core/ipv6/nd6.c"
