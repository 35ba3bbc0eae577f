/* What the walks (walks.c) ask of those files of lwIP whose statics nobody else sees: each is compiled with its own words for
 * them, in a file of ours that has its name, and so the statics keep their keys.
 * SPDX-License-Identifier: MIT
 */
#ifndef NEURATH_NET_LWIP_WALKS_H
#define NEURATH_NET_LWIP_WALKS_H

#include <lib/base/evolve.h>
#include <lwip/pbuf.h>

/* Names the elements of the list that begins at HEAD, and the pointer to the first. */
#define NAME_LIST(walk, head)                                                            \
    do {                                                                                 \
        evolve_pointer(walk, &(head));                                                   \
        for (__typeof__(head) block = (head); block != NULL; block = block->next)        \
            evolve_element(walk, block);                                                 \
    } while (0)

/* Names the chain of packets to which the pointer at PLACE leads, of whatever alignment, and that pointer. */
void lwip_name_packets(struct evolve_walk *walk, const void *place);

/* etharp.c: the queues of addresses that have not answered; and what waits in them. */
void lwip_name_arp_queues(struct evolve_walk *walk);
void lwip_name_arp_packets(struct evolve_walk *walk);
/* ip4_frag.c, ip6_frag.c: datagrams of which fragments are missing; and the fragments that are there, on a list whose links
 * lie in their own bytes. */
void lwip_name_datagrams4(struct evolve_walk *walk);
void lwip_name_fragments4(struct evolve_walk *walk);
void lwip_name_datagrams6(struct evolve_walk *walk);
void lwip_name_fragments6(struct evolve_walk *walk);

#endif
