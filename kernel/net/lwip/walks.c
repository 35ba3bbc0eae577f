/* Says where lwIP's control blocks, segments, timers and leases are, so that a configuration may change their form under open
 * connections.
 * SPDX-License-Identifier: MIT
 *
 * Every control block is on one of lwIP's lists whenever no frame of lwIP is on a stack, and every segment on a list of one.
 * Who has pointers from outside says so himself (net/net/walks.c). pbufs have no walk: what changes them is refused.
 * A field that comes is zero, which suits all that lwIP asks for only in connections that have negotiated it; the others are
 * filled here.
 */
#include <lib/base/evolve.h>
#include <lwip/dhcp.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/timeouts.h>
#include <lwip/udp.h>

#define NAME_LIST(walk, head)                                                            \
    do {                                                                                 \
        evolve_pointer(walk, &(head));                                                   \
        for (__typeof__(head) block = (head); block != NULL; block = block->next)        \
            evolve_element(walk, block);                                                 \
    } while (0)

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

/* Zeros say that the server has named no file, and that a timer has no name until it is started again. */
EVOLVE_FILLS(dhcp)
{
    (void)fill;
}

EVOLVE_FILLS(sys_timeo)
{
    (void)fill;
}
