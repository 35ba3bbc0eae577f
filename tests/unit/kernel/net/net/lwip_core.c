/* lwIP's core for the host, from the pinned source; one file of ours so that the build needs no rule for it. */
/* SPDX-License-Identifier: MIT */
#include "core/def.c"
#include "core/dns.c"
#include "core/inet_chksum.c"
#include "core/init.c"
#include "core/ip.c"
#include "core/mem.c"
#include "core/memp.c"
#include "core/netif.c"
#include "core/pbuf.c"
#include "core/timeouts.c"
#include "core/udp.c"
#include "netif/ethernet.c"
