/* UDP endpoints: messages in two rings between the net task and the owner. */
/* SPDX-License-Identifier: MIT */
#include "net_private.h"

#include <lwip/udp.h>
#include <mm/heap/heap.h>
#include <string.h>

/* In front of each message in a ring. */
struct message_head {
    uint16_t len;
    struct datagram_peer peer;
};

static void datagram_free(struct datagram *datagram)
{
    ring_fini(&datagram->rx);
    ring_fini(&datagram->tx);
    heap_free(datagram);
}

enum status datagram_open(uint16_t port, struct event *event,
                          struct datagram **out_datagram)
{
    struct datagram *datagram = heap_new(struct datagram);
    if (datagram == NULL)
        return STATUS_FULL;
    if (ring_init(&datagram->rx, DATAGRAM_RING_LEN) != STATUS_OK ||
        ring_init(&datagram->tx, DATAGRAM_RING_LEN) != STATUS_OK) {
        datagram_free(datagram);
        return STATUS_FULL;
    }
    work_init(&datagram->work, WORK_DATAGRAM, event);
    datagram->port = port;
    work_request(&datagram->work, WANT_OPEN);
    *out_datagram = datagram;
    return STATUS_OK;
}

struct event *datagram_event(struct datagram *datagram)
{
    return datagram->work.event;
}

enum status datagram_read(struct datagram *datagram, struct datagram_peer *out_peer,
                          void *out, size_t cap, size_t *out_len)
{
    struct message_head head;
    if (ring_used(&datagram->rx) == 0)
        return atomic_load(&datagram->failed) ? STATUS_IO : STATUS_AGAIN;
    ring_get_at(&datagram->rx, 0, &head, sizeof head);
    bool fits = head.len <= cap;
    if (fits) {
        ring_get_at(&datagram->rx, sizeof head, out, head.len);
        *out_peer = head.peer;
        *out_len = head.len;
    }
    ring_consume(&datagram->rx, (uint32_t)sizeof head + head.len);
    return fits ? STATUS_OK : STATUS_FULL;
}

enum status datagram_write(struct datagram *datagram, const struct datagram_peer *peer,
                           const void *data, size_t len)
{
    if (len > DATAGRAM_LEN_MAX || peer->port == 0)
        return STATUS_INVALID;
    if (atomic_load(&datagram->failed))
        return STATUS_IO;
    struct message_head head = {.len = (uint16_t)len, .peer = *peer};
    if (ring_space(&datagram->tx) < sizeof head + len)
        return STATUS_AGAIN;
    ring_put_at(&datagram->tx, 0, &head, sizeof head);
    ring_put_at(&datagram->tx, sizeof head, data, (uint32_t)len);
    ring_publish(&datagram->tx, (uint32_t)(sizeof head + len));
    work_request(&datagram->work, WANT_SERVICE);
    return STATUS_OK;
}

uint64_t datagram_lost(const struct datagram *datagram)
{
    return atomic_load(&datagram->lost);
}

void datagram_close(struct datagram *datagram)
{
    if (datagram != NULL)
        work_leave(&datagram->work, WANT_CLOSE);
}

/* ---- the net task's side ---- */

static void datagram_received(void *arg, struct udp_pcb *pcb, struct pbuf *chain,
                              const ip_addr_t *address, u16_t port)
{
    struct datagram *datagram = arg;
    struct message_head head = {.len = chain->tot_len, .peer = {.port = port}};
    (void)pcb;
    if (ring_space(&datagram->rx) < sizeof head + head.len) {
        atomic_add(&datagram->lost, 1);
        pbuf_free(chain);
        return;
    }
    ipaddr_ntoa_r(address, head.peer.address.text, sizeof head.peer.address.text);
    uint32_t at = sizeof head;
    for (const struct pbuf *p = chain; p != NULL; p = p->next) {
        ring_put_at(&datagram->rx, at, p->payload, p->len);
        at += p->len;
    }
    ring_put_at(&datagram->rx, 0, &head, sizeof head);
    ring_publish(&datagram->rx, at);
    pbuf_free(chain);
    work_signal(&datagram->work);
}

static void datagram_start(struct datagram *datagram)
{
    ip_addr_t any = {0};
    IP_SET_TYPE_VAL(any, IPADDR_TYPE_ANY);
    struct udp_pcb *pcb = udp_new_ip_type(IPADDR_TYPE_ANY);
    if (pcb == NULL || udp_bind(pcb, &any, datagram->port) != ERR_OK) {
        if (pcb != NULL)
            udp_remove(pcb);
        atomic_store(&datagram->failed, true);
        work_signal(&datagram->work);
        return;
    }
    datagram->pcb = pcb;
    udp_recv(pcb, datagram_received, datagram);
}

/* One message from the ring to the wire; what cannot be sent is lost, as UDP's are. */
static void datagram_send(struct datagram *datagram, const struct message_head *head)
{
    ip_addr_t address;
    if (!ipaddr_aton(head->peer.address.text, &address)) {
        atomic_add(&net.tx_lost, 1);
        return;
    }
    struct pbuf *packet = pbuf_alloc(PBUF_TRANSPORT, head->len, PBUF_RAM);
    if (packet == NULL) {
        atomic_add(&net.tx_lost, 1);
        return;
    }
    ring_get_at(&datagram->tx, sizeof *head, packet->payload, head->len);
    if (udp_sendto(datagram->pcb, packet, &address, head->peer.port) != ERR_OK)
        atomic_add(&net.tx_lost, 1);
    pbuf_free(packet);
}

void datagram_work(struct datagram *datagram, uint32_t wants)
{
    if (wants & WANT_OPEN) {
        work_link(&datagram->work);
        datagram_start(datagram);
    }
    bool was_full = ring_space(&datagram->tx) < DATAGRAM_RING_LEN / 2;
    while (datagram->pcb != NULL && ring_used(&datagram->tx) > 0) {
        struct message_head head;
        ring_get_at(&datagram->tx, 0, &head, sizeof head);
        datagram_send(datagram, &head);
        ring_consume(&datagram->tx, (uint32_t)sizeof head + head.len);
    }
    if (was_full)
        work_signal(&datagram->work);
    if (wants & (WANT_CLOSE | WANT_ABORT)) {
        if (datagram->pcb != NULL)
            udp_remove(datagram->pcb);
        work_unlink(&datagram->work);
        datagram_free(datagram);
    }
}
