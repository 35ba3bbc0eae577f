/* lwIP's reassembly of IPv4, and where its list leads: it is a static of that file.
 * SPDX-License-Identifier: MIT
 */
#include <ipv4/ip4_frag.c>

#include "walks.h"

void lwip_name_datagrams4(struct evolve_walk *walk)
{
    NAME_LIST(walk, reassdatagrams);
}

void lwip_name_fragments4(struct evolve_walk *walk)
{
    for (const struct ip_reassdata *datagram = reassdatagrams; datagram != NULL;
         datagram = datagram->next) {
        lwip_name_packets(walk, &datagram->p);
        for (const struct pbuf *p = datagram->p; p != NULL;
             p = ((const struct ip_reass_helper *)p->payload)->next_pbuf)
            lwip_name_packets(walk,
                              (const u8_t *)p->payload +
                                  __builtin_offsetof(struct ip_reass_helper, next_pbuf));
    }
}
