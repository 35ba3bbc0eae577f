/* What this cell gives beside lwIP's own functions, from what lwIP keeps to itself. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_NET_LWIP_LWIP_H
#define NEURATH_NET_LWIP_LWIP_H

#include <lib/base/types.h>
#include <lwip/ip6_addr.h>

struct netif;

/* The router behind NETIF that IPv6 advertisements named, the first one whose lifetime has not ended: its link-local
 * address, with the zone. False: none, *out_address untouched. The net task. */
bool lwip_router(const struct netif *netif, ip6_addr_t *out_address);

#endif
