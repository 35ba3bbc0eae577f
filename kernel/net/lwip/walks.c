/* Says where lwIP's control blocks are, so that a configuration may change their form under open connections.
 * SPDX-License-Identifier: MIT
 *
 * Every control block is on one of lwIP's lists whenever no frame of lwIP is on a stack. Who has pointers from outside says
 * so himself (net/net/walks.c). pbufs, segments and timers have no walk: what changes them is refused.
 * A field that comes is zero, which suits all that lwIP asks for only in connections that have negotiated it; the others are
 * filled here.
 */
#include <lib/base/evolve.h>
#include <lwip/priv/tcp_priv.h>
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
/* Statics of dns.c and dhcp.c. */
EVOLVE_POINTS(dns_pcbs);
EVOLVE_POINTS(dhcp_pcb);

/* What some configurations do not have: where an address was found last (a guess that is checked; with hints each control
 * block has its own), and how many extra arguments were given out (to whom, if nobody can use them?). */
EVOLVE_DROPS(etharp_cached_entry);
EVOLVE_DROPS(tcp_ext_arg_id);

/* One of the card, a static of net, and one of the loop. */
EVOLVE_NO_HEAP(netif);

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
