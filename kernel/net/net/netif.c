/* lwIP's view of the network card: frames in and out, link, addresses. */
/* SPDX-License-Identifier: MIT */
#include "net_private.h"

#include <lwip/dhcp.h>
#include <lwip/dns.h>
#include <lwip/etharp.h>
#include <lwip/ethip6.h>
#include <lwip/inet_chksum.h>
#include <lwip/ip6.h>
#include <lwip/nd6.h>
#include <lwip/netif.h>
#include <lwip/prot/icmp6.h>
#include <lwip/prot/nd6.h>
#include <net/lwip/lwip.h>
#include <net/nic/nic.h>
#include <netif/ethernet.h>
#include <string.h>
#include <time/clock/clock.h>

/* Offsets of an ARP packet for IPv4 over Ethernet (RFC 826), from the frame's start. */
enum { ETHER_TYPE = 12, ARP_OPERATION = 20, ARP_SENDER_ADDRESS = 28, ARP_LEN = 42 };
enum { ETHER_TYPE_ARP = 0x0806, ETHER_LEN_MIN = 60 };
/* Of IPv6 with ICMPv6 behind it (RFC 8200, RFC 4861): the shortest of them is a router's advertisement. */
enum { IP6_NEXT_HEADER = 20, ICMP6_TYPE = 54, NEIGHBOUR_TARGET = 62, NEIGHBOUR_LEN = 70 };
enum { ETHER_TYPE_IP6 = 0x86dd, IP6_HOPS_ON_LINK = 255 };

/* All fields: net task only. */
static struct {
    struct netif netif;
    bool link;
    char hostname[16];
    uint8_t frame[NET_FRAME_LEN_MAX];
} interface;

static uint32_t get_be16(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 8 | bytes[1];
}

/* Gathers the packet into one frame. */
static err_t interface_send(struct netif *netif, struct pbuf *packet)
{
    static uint8_t frame[NET_FRAME_LEN_MAX]; /* net task only */
    (void)netif;
    if (packet->tot_len > sizeof frame)
        return ERR_BUF;
    uint16_t len = pbuf_copy_partial(packet, frame, packet->tot_len, 0);
    if (net.nic->send(net.nic, frame, len) == STATUS_OK)
        return ERR_OK;
    atomic_add(&net.tx_lost, 1);
    return ERR_MEM;
}

static err_t interface_init(struct netif *netif)
{
    netif->name[0] = 'e';
    netif->name[1] = 'n';
    netif->mtu = 1500;
    netif->hwaddr_len = sizeof net.nic->mac;
    memcpy(netif->hwaddr, net.nic->mac, sizeof net.nic->mac);
    netif->flags =
        NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_MLD6;
    netif->output = etharp_output;
    netif->output_ip6 = ethip6_output;
    netif->linkoutput = interface_send;
    return ERR_OK;
}

static void address_text(const ip4_addr_t *address, struct net_address *out)
{
    out->text[0] = 0;
    if (!ip4_addr_isany(address))
        ip4addr_ntoa_r(address, out->text, sizeof out->text);
}

static void address6_text(const ip6_addr_t *address, struct net_address *out)
{
    out->text[0] = 0;
    if (address != NULL)
        ip6addr_ntoa_r(address, out->text, sizeof out->text);
}

/* The first usable IPv6 address; a routable one goes before the link-local one. NULL: none. */
static const ip6_addr_t *own_address6(void)
{
    const ip6_addr_t *best = NULL;
    for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
        if (ip6_addr_isvalid(netif_ip6_addr_state(&interface.netif, i)) &&
            (best == NULL || ip6_addr_islinklocal(best)))
            best = netif_ip6_addr(&interface.netif, i);
    return best;
}

static bool has_ip4(void)
{
    return interface.link && !ip4_addr_isany(netif_ip4_addr(&interface.netif));
}

/* More than the address that every card makes for its own wire. */
static bool has_ip6(void)
{
    const ip6_addr_t *own = own_address6();
    return interface.link && own != NULL && !ip6_addr_islinklocal(own);
}

bool net_interface_reaches(const ip_addr_t *target)
{
    if (IP_IS_V4(target))
        return has_ip4();
    if (ip6_addr_islinklocal(ip_2_ip6(target)))
        return interface.link && own_address6() != NULL;
    return has_ip6();
}

/* With IPv4, DHCP has said which name servers there are, if any. Without, one may still come. */
bool net_interface_resolves(uint8_t *out_family)
{
    const ip_addr_t *server = dns_getserver(0);
    if (has_ip4())
        *out_family = IPADDR_TYPE_V4;
    else if (has_ip6() && !ip_addr_isany(server) && net_interface_reaches(server))
        *out_family = IPADDR_TYPE_V6;
    else
        return false;
    return true;
}

void net_interface_publish(void)
{
    struct net_status status = {.present = true, .link = interface.link};
    struct netif *netif = &interface.netif;
    const ip_addr_t *server = dns_getserver(0);
    ip6_addr_t router;
    address_text(netif_ip4_addr(netif), &status.address);
    address_text(netif_ip4_netmask(netif), &status.netmask);
    address_text(netif_ip4_gw(netif), &status.gateway);
    address6_text(own_address6(), &status.address6);
    address6_text(lwip_router(netif, &router) ? &router : NULL, &status.gateway6);
    if (server != NULL && !ip_addr_isany(server))
        ipaddr_ntoa_r(server, status.dns.text, sizeof status.dns.text);
    memcpy(status.mac, netif->hwaddr, sizeof status.mac);
    status.configured = has_ip4() || has_ip6();
    spin_lock(&net.lock);
    bool was_configured = net.status.configured;
    status.lease_ns = was_configured ? net.status.lease_ns : 0;
    if (status.configured && !was_configured)
        status.lease_ns = clock_ns();
    net.status = status;
    spin_unlock(&net.lock);
    event_signal(&net.changed);
    if (status.configured)
        conn_configured();
}

static void interface_changed(struct netif *netif)
{
    (void)netif;
    net_interface_publish();
}

void net_interface_start(void)
{
    struct netif *netif = &interface.netif;
    ip4_addr_t none = {0};
    strncpy(interface.hostname, "neurath", sizeof interface.hostname - 1);
    if (netif_add(netif, &none, &none, &none, NULL, interface_init, ethernet_input) == NULL)
        return;
    netif_set_hostname(netif, interface.hostname);
    netif_set_status_callback(netif, interface_changed);
    netif_set_default(netif);
    netif_set_up(netif);
    netif_create_ip6_linklocal_address(netif, 1);
    netif_set_ip6_autoconfig_enabled(netif, 1);
    net_interface_link();
    net_interface_publish();
}

void net_interface_link(void)
{
    struct netif *netif = &interface.netif;
    bool link = atomic_load(&net.nic->link);
    if (link == interface.link)
        return;
    interface.link = link;
    if (link) {
        netif_set_link_up(netif);
        if (netif_dhcp_data(netif) == NULL && dhcp_start(netif) != ERR_OK)
            interface.link = false; /* no memory: the next step tries again */
    } else {
        netif_set_link_down(netif);
    }
    net_interface_publish();
}

/* Asks NEIGHBOUR, whose link address lwIP knows, for an advertisement (RFC 4861, 4.3). lwIP asks by itself only after
 * somebody has sent something. */
static void solicit(const ip6_addr_t *neighbour)
{
    struct netif *netif = &interface.netif;
    const ip6_addr_t *own = netif_ip6_addr(netif, 0); /* the link-local one */
    uint8_t option[8] = {ND6_OPTION_TYPE_SOURCE_LLADDR, 1};
    struct ns_header head = {.type = ICMP6_TYPE_NS};
    struct pbuf *packet = pbuf_alloc(PBUF_IP, sizeof head + sizeof option, PBUF_RAM);
    if (packet == NULL)
        return;
    ip6_addr_copy_to_packed(head.target_address, *neighbour);
    memcpy(option + 2, netif->hwaddr, netif->hwaddr_len);
    pbuf_take(packet, &head, sizeof head);
    pbuf_take_at(packet, option, sizeof option, sizeof head);
    head.chksum =
        ip6_chksum_pseudo(packet, IP6_NEXTH_ICMP6, packet->tot_len, own, neighbour);
    pbuf_take(packet, &head, sizeof head);
    if (ip6_addr_isvalid(netif_ip6_addr_state(netif, 0)))
        (void)ip6_output_if(packet, own, neighbour, IP6_HOPS_ON_LINK, 0, IP6_NEXTH_ICMP6,
                            netif);
    pbuf_free(packet);
}

void net_interface_probe(void)
{
    const ip4_addr_t *gateway = netif_ip4_gw(&interface.netif);
    ip6_addr_t router;
    if (!interface.link)
        return;
    if (!ip4_addr_isany(gateway))
        (void)etharp_request(&interface.netif, gateway);
    else if (lwip_router(&interface.netif, &router))
        solicit(&router);
}

static bool is_gateways_arp(const uint8_t *frame, size_t len)
{
    uint32_t sender;
    if (len < ARP_LEN || get_be16(frame + ETHER_TYPE) != ETHER_TYPE_ARP ||
        get_be16(frame + ARP_OPERATION) != ARP_REPLY)
        return false;
    memcpy(&sender, frame + ARP_SENDER_ADDRESS, sizeof sender);
    return sender == ip4_addr_get_u32(netif_ip4_gw(&interface.netif));
}

static bool is_neighbour(const uint8_t *frame, size_t len, uint8_t icmp_type)
{
    return len >= NEIGHBOUR_LEN && get_be16(frame + ETHER_TYPE) == ETHER_TYPE_IP6 &&
           frame[IP6_NEXT_HEADER] == IP6_NEXTH_ICMP6 && frame[ICMP6_TYPE] == icmp_type;
}

static bool is_routers_advertisement(const uint8_t *frame, size_t len)
{
    ip6_addr_t router;
    return len >= NEIGHBOUR_TARGET + sizeof router.addr &&
           is_neighbour(frame, len, ICMP6_TYPE_NA) &&
           lwip_router(&interface.netif, &router) &&
           memcmp(frame + NEIGHBOUR_TARGET, router.addr, sizeof router.addr) == 0;
}

/* Notes what the local tests want to know. */
static void interface_observe(const uint8_t *frame, size_t len)
{
    uint64_t now_ns = clock_ns();
    atomic_store(&net.reception_ns, now_ns);
    if (is_gateways_arp(frame, len) || is_routers_advertisement(frame, len))
        atomic_store(&net.gateway_ns, now_ns);
}

/* lwIP reads whole heads before it looks at the length: what is shorter than Ethernet allows is padded as on a wire. */
static void interface_input(const uint8_t *frame, size_t len)
{
    uint16_t padded_len = len < ETHER_LEN_MIN ? ETHER_LEN_MIN : (uint16_t)len;
    struct pbuf *packet = pbuf_alloc(PBUF_RAW, padded_len, PBUF_RAM);
    if (packet == NULL) {
        atomic_add(&net.rx_lost, 1);
        return;
    }
    memcpy(packet->payload, frame, len);
    memset((uint8_t *)packet->payload + len, 0, padded_len - len);
    if (ethernet_input(packet, &interface.netif) != ERR_OK)
        pbuf_free(packet);
}

bool net_interface_receive(unsigned limit)
{
    for (unsigned i = 0; i < limit; i++) {
        size_t len = 0;
        if (net.nic->receive(net.nic, interface.frame, sizeof interface.frame, &len) !=
            STATUS_OK)
            return false;
        interface_observe(interface.frame, len);
        interface_input(interface.frame, len);
        /* lwIP tells of addresses, but not of routers and name servers. */
        if (is_neighbour(interface.frame, len, ICMP6_TYPE_RA))
            net_interface_publish();
    }
    return true;
}
