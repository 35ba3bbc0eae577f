/* Says where lwIP's control blocks, segments, packets, queues, timers and leases are, so that a configuration may change their
 * form under open connections.
 * SPDX-License-Identifier: MIT
 *
 * Every control block is on one of lwIP's lists whenever no frame of lwIP is on a stack, and every segment on a list of one.
 * Who has pointers from outside says so himself (net/net/walks.c); packets nobody has there. Statics of single files: walks.h.
 * A field that comes is zero, which suits all that lwIP asks for only in connections that have negotiated it; the others are
 * filled here.
 */
#include "walks.h"

#include <lwip/dhcp.h>
#include <lwip/etharp.h>
#include <lwip/ip4_frag.h>
#include <lwip/ip6_frag.h>
#include <lwip/priv/nd6_priv.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/timeouts.h>
#include <lwip/udp.h>
#include <string.h>

EVOLVE_WALKS(tcp_pcb)
{
    NAME_LIST(walk, tcp_active_pcbs);
    NAME_LIST(walk, tcp_tw_pcbs);
    NAME_LIST(walk, tcp_bound_pcbs);
    evolve_pointer(walk, &tcp_input_pcb);
}

EVOLVE_WALKS(tcp_pcb_listen)
{
    NAME_LIST(walk, tcp_listen_pcbs.listen_pcbs);
}

EVOLVE_WALKS(udp_pcb)
{
    NAME_LIST(walk, udp_pcbs);
}

static void name_segments(struct evolve_walk *walk, struct tcp_pcb *first)
{
    for (struct tcp_pcb *pcb = first; pcb != NULL; pcb = pcb->next) {
        NAME_LIST(walk, pcb->unsent);
        NAME_LIST(walk, pcb->unacked);
#if TCP_QUEUE_OOSEQ
        NAME_LIST(walk, pcb->ooseq);
#endif
    }
}

EVOLVE_WALKS(tcp_seg)
{
    name_segments(walk, tcp_active_pcbs);
    name_segments(walk, tcp_tw_pcbs);
    name_segments(walk, tcp_bound_pcbs);
}
/* A static of tcp_in.c, the segment that came last; what it links to may be of the next one. */
EVOLVE_POINTS(inseg);

/* ---- packets --------------------------------------------------------------------------------- */

_Static_assert(MEM_ALIGNMENT == 16, "lwIP's bytes lie elsewhere than an element's tail");

/* Each is named by whoever has it: one that several have is named as often. */
static void name_chain(struct evolve_walk *walk, const struct pbuf *first)
{
    for (const struct pbuf *p = first; p != NULL; p = p->next)
        if (p->type_internal & PBUF_TYPE_FLAG_STRUCT_DATA_CONTIGUOUS)
            evolve_tailed(walk, p);
        else
            evolve_element(walk, p);
}

void lwip_name_packets(struct evolve_walk *walk, const void *place)
{
    const struct pbuf *first;
    memcpy(&first, place, sizeof first);
    evolve_pointer(walk, place);
    name_chain(walk, first);
}

static void name_packets_of(struct evolve_walk *walk, const struct tcp_seg *first)
{
    for (const struct tcp_seg *seg = first; seg != NULL; seg = seg->next) {
        lwip_name_packets(walk, &seg->p);
        evolve_pointer(walk, &seg->tcphdr);
    }
}

static void name_packets_of_all(struct evolve_walk *walk, const struct tcp_pcb *first)
{
    for (const struct tcp_pcb *pcb = first; pcb != NULL; pcb = pcb->next) {
        lwip_name_packets(walk, &pcb->refused_data);
        name_packets_of(walk, pcb->unsent);
        name_packets_of(walk, pcb->unacked);
#if TCP_QUEUE_OOSEQ
        name_packets_of(walk, pcb->ooseq);
#endif
    }
}

static void name_neighbours_packets(struct evolve_walk *walk)
{
    for (unsigned i = 0; i < LWIP_ND6_NUM_NEIGHBORS; i++) {
#if LWIP_ND6_QUEUEING
        for (const struct nd6_q_entry *q = neighbor_cache[i].q; q != NULL; q = q->next)
            lwip_name_packets(walk, &q->p);
#else
        lwip_name_packets(walk, &neighbor_cache[i].q);
#endif
    }
}

EVOLVE_WALKS(pbuf)
{
    const struct netif *netif;
    name_packets_of_all(walk, tcp_active_pcbs);
    name_packets_of_all(walk, tcp_tw_pcbs);
    name_packets_of_all(walk, tcp_bound_pcbs);
    lwip_name_arp_packets(walk);
    name_neighbours_packets(walk);
    lwip_name_fragments4(walk);
    lwip_name_fragments6(walk);
    NETIF_FOREACH(netif)
    {
        lwip_name_packets(walk, &netif->loop_first);
        evolve_pointer(walk, &netif->loop_last);
    }
}
/* Statics of tcp_in.c and ip.c that say where the packet lay that came last: most of it is gone, but what lies there now may be
 * an element. */
EVOLVE_POINTS(tcphdr);
EVOLVE_POINTS(tcphdr_opt2);
EVOLVE_POINTS(recv_data);
EVOLVE_POINTS(ip_data);

/* Fragments that we send are sent when their step ends: who queues them copies them. */
EVOLVE_NO_HEAP(pbuf_custom);
EVOLVE_NO_HEAP(pbuf_custom_ref);

EVOLVE_ACCEPTS(pbuf)
{
    const struct pbuf *p = fill->object;
    return p->flags & PBUF_FLAG_IS_CUSTOM ? "a packet is part of another object" : NULL;
}

EVOLVE_WALKS(etharp_q_entry)
{
    lwip_name_arp_queues(walk);
}

EVOLVE_WALKS(nd6_q_entry)
{
    (void)walk;
#if LWIP_ND6_QUEUEING
    for (unsigned i = 0; i < LWIP_ND6_NUM_NEIGHBORS; i++)
        NAME_LIST(walk, neighbor_cache[i].q);
#endif
}

EVOLVE_WALKS(ip_reassdata)
{
    lwip_name_datagrams4(walk);
}

EVOLVE_WALKS(ip6_reassdata)
{
    lwip_name_datagrams6(walk);
}

/* ---- timers and leases ----------------------------------------------------------------------- */

EVOLVE_WALKS(sys_timeo)
{
    NAME_LIST(walk, *sys_timeouts_get_next_timeout());
}

EVOLVE_WALKS(dhcp)
{
    struct netif *netif;
    NETIF_FOREACH(netif)
    {
        evolve_pointer(walk, &netif->client_data[LWIP_NETIF_CLIENT_DATA_INDEX_DHCP]);
        if (netif_dhcp_data(netif) != NULL)
            evolve_element(walk, netif_dhcp_data(netif));
    }
}

/* Statics of dns.c and dhcp.c. */
EVOLVE_POINTS(dns_pcbs);
EVOLVE_POINTS(dhcp_pcb);

/* What some configurations do not have: where an address was found last (a guess that is checked; with hints each control
 * block has its own), and how many extra arguments were given out (to whom, if nobody can use them?). */
EVOLVE_DROPS(etharp_cached_entry);
EVOLVE_DROPS(tcp_ext_arg_id);

/* One of the card, a static of net, and one of the loop. */
EVOLVE_NO_HEAP(netif);
/* A constant table. */
EVOLVE_NO_HEAP(lwip_cyclic_timer);

EVOLVE_FILLS(tcp_pcb)
{
    struct tcp_pcb *pcb = fill->object;
    (void)pcb;
#if LWIP_TCP_KEEPALIVE
    if (EVOLVE_IS_NEW(fill, struct tcp_pcb, keep_intvl)) {
        pcb->keep_intvl = TCP_KEEPINTVL_DEFAULT;
        pcb->keep_cnt = TCP_KEEPCNT_DEFAULT;
    }
#endif
#if LWIP_VLAN_PCP
    if (EVOLVE_IS_NEW(fill, struct tcp_pcb, netif_hints.tci))
        pcb_tci_init(pcb);
#endif
}

/* Flags of lwIP that some configurations do not have. */
enum { SCALES_WINDOWS = 0x100, SENDS_TIMESTAMPS = 0x400 };
#if LWIP_WND_SCALE
_Static_assert(SCALES_WINDOWS == TF_WND_SCALE, "lwIP has another flag");
#endif
#if LWIP_TCP_TIMESTAMPS
_Static_assert(SENDS_TIMESTAMPS == TF_TIMESTAMP, "lwIP has another flag");
#endif

/* Without them the peer would be misunderstood, or discard what comes. */
EVOLVE_ACCEPTS(tcp_pcb)
{
    const struct tcp_pcb *pcb = fill->object;
    if (!LWIP_WND_SCALE && (pcb->flags & SCALES_WINDOWS))
        return "an open connection has agreed with its peer to scale windows";
    if (!LWIP_TCP_TIMESTAMPS && (pcb->flags & SENDS_TIMESTAMPS))
        return "an open connection has agreed with its peer to send time stamps";
    return NULL;
}

EVOLVE_FILLS(tcp_pcb_listen)
{
    struct tcp_pcb_listen *pcb = fill->object;
    (void)pcb;
#if TCP_LISTEN_BACKLOG
    if (EVOLVE_IS_NEW(fill, struct tcp_pcb_listen, backlog))
        pcb->backlog = TCP_DEFAULT_LISTEN_BACKLOG;
#endif
#if LWIP_VLAN_PCP
    if (EVOLVE_IS_NEW(fill, struct tcp_pcb_listen, netif_hints.tci))
        pcb_tci_init(pcb);
#endif
}

EVOLVE_FILLS(udp_pcb)
{
    struct udp_pcb *pcb = fill->object;
    (void)pcb;
#if LWIP_VLAN_PCP
    if (EVOLVE_IS_NEW(fill, struct udp_pcb, netif_hints.tci))
        pcb_tci_init(pcb);
#endif
}

#if TCP_CHECKSUM_ON_COPY
/* The sum of the data in a chain, as a packet has it: without the headers, which lie in front of the last LEN bytes. */
static u16_t sum_data(const struct pbuf *chain, u16_t len)
{
    u32_t headers = chain->tot_len - len;
    u32_t sum = 0;
    u32_t at = 0;
    for (const struct pbuf *p = chain; p != NULL; p = p->next)
        for (u32_t i = 0; i < p->len; i++) {
            if (headers != 0)
                headers--;
            else
                sum += (u32_t)((const u8_t *)p->payload)[i] << (at++ % 2 * 8);
        }
    sum = (sum & 0xffff) + (sum >> 16);
    return (u16_t)((sum & 0xffff) + (sum >> 16));
}
#endif

/* lwIP trusts a segment that was made without sums to hold no data. It sends one whose length is odd with its bytes swapped,
 * as more may be added. */
EVOLVE_FILLS(tcp_seg)
{
    struct tcp_seg *seg = fill->object;
    (void)seg;
#if TCP_CHECKSUM_ON_COPY
    if (EVOLVE_IS_NEW(fill, struct tcp_seg, chksum) && seg->p != NULL && seg->len != 0) {
        seg->chksum = sum_data(seg->p, seg->len);
        seg->chksum_swapped = seg->len % 2;
        if (seg->chksum_swapped)
            seg->chksum = (u16_t)(seg->chksum << 8 | seg->chksum >> 8);
        seg->flags |= TF_SEG_DATA_CHECKSUMMED;
    }
#endif
}

/* What others than lwIP keep in a packet begins as zeros, as lwIP itself begins it; so does what a queue says of it. */
EVOLVE_FILLS(pbuf)
{
    (void)fill;
}

EVOLVE_FILLS(etharp_q_entry)
{
    (void)fill;
}

EVOLVE_FILLS(nd6_q_entry)
{
    (void)fill;
}

EVOLVE_FILLS(ip_reassdata)
{
    (void)fill;
}

EVOLVE_FILLS(ip6_reassdata)
{
    (void)fill;
}

/* Zeros say that the server has named no file, and that a timer has no name until it is started again. */
EVOLVE_FILLS(dhcp)
{
    (void)fill;
}

EVOLVE_FILLS(sys_timeo)
{
    (void)fill;
}
