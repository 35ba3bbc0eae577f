/* lwIP's ARP, and where its table leads: it is a static of that file.
 * SPDX-License-Identifier: MIT
 */
#include <ipv4/etharp.c>

#include "walks.h"

void lwip_name_arp_queues(struct evolve_walk *walk)
{
    (void)walk;
#if ARP_QUEUEING
    for (unsigned i = 0; i < ARP_TABLE_SIZE; i++)
        NAME_LIST(walk, arp_table[i].q);
#endif
}

void lwip_name_arp_packets(struct evolve_walk *walk)
{
    for (unsigned i = 0; i < ARP_TABLE_SIZE; i++) {
#if ARP_QUEUEING
        for (const struct etharp_q_entry *q = arp_table[i].q; q != NULL; q = q->next)
            lwip_name_packets(walk, &q->p);
#else
        lwip_name_packets(walk, &arp_table[i].q);
#endif
    }
}
