/* How lwIP is configured.
 * SPDX-License-Identifier: MIT
 *
 * No threads inside (NO_SYS): the net task calls in, and between two calls no frame of lwIP is on any stack, so the
 * cell can be swapped. All objects come from the kernel's heap: nothing of a fixed size, and no state but counters
 * and list heads in the cell itself.
 */
#ifndef NEURATH_NET_LWIP_PORT_LWIPOPTS_H
#define NEURATH_NET_LWIP_PORT_LWIPOPTS_H

/* ---- surroundings ---- */
#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0 /* one task owns lwIP: nothing to protect */
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0
#define LWIP_STATS 0
#define MEM_ALIGNMENT 16
#define MEM_LIBC_MALLOC 1 /* its malloc is heap_alloc, see cell.mk */
#define MEMP_MEM_MALLOC 1
#define LWIP_TESTMODE                                                                    \
    1 /* says where the timers are (walks.c), and changes nothing else */

/* ---- link and network layer ---- */
#define LWIP_ETHERNET 1
#define LWIP_ARP 1
#define ARP_QUEUEING 1
#define ETHARP_SUPPORT_STATIC_ENTRIES 0
#define LWIP_NETIF_HOSTNAME 1
#define LWIP_NETIF_STATUS_CALLBACK 1
#define LWIP_NETIF_LINK_CALLBACK 1
#define LWIP_NETIF_LOOPBACK 1
#define LWIP_HAVE_LOOPIF 1
#define LWIP_IPV4 1
#define LWIP_IPV6 1
#define LWIP_IPV6_DHCP6 0
#define LWIP_ND6_RDNSS_MAX_DNS_SERVERS                                                   \
    2 /* name servers come with a router's advertisement */
#define IPV6_FRAG_COPYHEADER                                                             \
    1 /* a fragment's head is too small for pointers of 8 bytes */
#define LWIP_ICMP 1
#define LWIP_RAW 0
#define LWIP_IGMP 0
#define LWIP_ACD 0
#define LWIP_DHCP 1
#define LWIP_DHCP_DOES_ACD_CHECK                                                         \
    0 /* probing the address first would cost seconds of every boot */
#define LWIP_DNS 1

/* ---- transport ---- */
#define LWIP_UDP 1
#define LWIP_TCP 1
#define LWIP_ALTCP 0 /* TLS is a cell of its own above TCP */
#define TCP_MSS 1460
#define TCP_WND (44 * TCP_MSS)
#define TCP_SND_BUF (22 * TCP_MSS)
#define TCP_SND_QUEUELEN 128
#define LWIP_WND_SCALE 1
#define TCP_RCV_SCALE 2
#define TCP_QUEUE_OOSEQ 1
#define LWIP_TCP_SACK_OUT 1
#define LWIP_TCP_TIMESTAMPS 1
#define LWIP_TCP_KEEPALIVE 1
#define TCP_LISTEN_BACKLOG 1
#define SO_REUSE 1
#define LWIP_CHKSUM_ALGORITHM 3

/* Sequence numbers that an outsider cannot guess. */
#include <stdint.h>
uint32_t lwip_port_random(void);
#define LWIP_HOOK_TCP_ISN(local_address, local_port, remote_address, remote_port)        \
    lwip_port_random()

#endif
