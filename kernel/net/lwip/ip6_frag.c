/* lwIP's reassembly of IPv6, and where its list leads: it is a static of that file.
 * SPDX-License-Identifier: MIT
 */
#include <ipv6/ip6_frag.c>

#include "walks.h"

void lwip_name_datagrams6(struct evolve_walk *walk)
{
    NAME_LIST(walk, reassdatagrams);
}

void lwip_name_fragments6(struct evolve_walk *walk)
{
    for (const struct ip6_reassdata *datagram = reassdatagrams; datagram != NULL;
         datagram = datagram->next) {
        evolve_pointer(walk, &datagram->iphdr);
        lwip_name_packets(walk, &datagram->p);
        for (const struct pbuf *p = datagram->p; p != NULL;
             p = ((const struct ip6_reass_helper *)p->payload)->next_pbuf)
            lwip_name_packets(walk,
                              (const u8_t *)p->payload +
                                  __builtin_offsetof(struct ip6_reass_helper, next_pbuf));
    }
}
