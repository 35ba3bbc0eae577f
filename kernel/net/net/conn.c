/* TCP connections: the owner's calls, and what the net task does for them. */
/* SPDX-License-Identifier: MIT */
#include "net_private.h"

#include <lwip/dns.h>
#include <lwip/tcp.h>
#include <mm/heap/heap.h>
#include <string.h>
#include <time/clock/clock.h>

/* All that lwIP may deliver before it is told of room fits into the ring. */
_Static_assert(TCP_WND <= CONN_RING_LEN, "the receive window is larger than the ring");

/* The owner asks for a larger window when it has read this much. */
enum { WINDOW_STEP = CONN_RING_LEN / 8 };

/* ---- owner's side ---- */

static struct conn *conn_new(struct event *event)
{
    struct conn *conn = heap_new(struct conn);
    if (conn == NULL)
        return NULL;
    if (ring_init(&conn->rx, CONN_RING_LEN) != STATUS_OK ||
        ring_init(&conn->tx, CONN_RING_LEN) != STATUS_OK) {
        ring_fini(&conn->rx);
        ring_fini(&conn->tx);
        heap_free(conn);
        return NULL;
    }
    work_init(&conn->work, WORK_CONN, event);
    return conn;
}

enum status conn_open(const char *host, uint16_t port, struct event *event,
                      struct conn **out_conn)
{
    size_t len = strlen(host);
    if (len == 0 || len > NET_HOST_LEN_MAX || port == 0)
        return STATUS_INVALID;
    struct conn *conn = conn_new(event);
    if (conn == NULL)
        return STATUS_FULL;
    memcpy(conn->host, host, len + 1);
    conn->peer_port = port;
    conn->state = CONN_RESOLVING;
    work_request(&conn->work, WANT_OPEN);
    *out_conn = conn;
    return STATUS_OK;
}

enum conn_state conn_state(const struct conn *conn)
{
    return atomic_load(&conn->state);
}

const char *conn_error(const struct conn *conn)
{
    switch (atomic_load(&conn->failure)) {
    case CONN_FAILURE_NONE: return "";
    case CONN_FAILURE_NAME: return "the host's name could not be resolved";
    case CONN_FAILURE_REFUSED: return "connection refused";
    case CONN_FAILURE_RESET: return "connection reset by the peer";
    case CONN_FAILURE_TIMEOUT: return "the peer does not answer";
    case CONN_FAILURE_ROUTE: return "no route to the host";
    case CONN_FAILURE_MEMORY: return "no memory for the connection";
    case CONN_FAILURE_CLOSED: return "connection aborted";
    }
    return "unknown failure";
}

void conn_peer(const struct conn *conn, struct net_address *out_address,
               uint16_t *out_port)
{
    static const struct net_address none;
    enum conn_state state = conn_state(conn);
    bool known = state == CONN_OPEN || state == CONN_HALF;
    *out_address = known ? conn->peer : none;
    *out_port = conn->peer_port;
}

struct event *conn_event(struct conn *conn)
{
    return conn->work.event;
}

enum status conn_read(struct conn *conn, void *out, size_t cap, size_t *out_len)
{
    /* Read in this order: both are set after the last byte is in the ring. */
    bool ended = atomic_load(&conn->peer_ended);
    bool failed = conn_state(conn) == CONN_FAILED;
    uint32_t len = (uint32_t)min_u64(ring_used(&conn->rx), cap);
    if (len == 0)
        return ended ? STATUS_CLOSED : failed ? STATUS_IO : STATUS_AGAIN;
    ring_get_at(&conn->rx, 0, out, len);
    ring_consume(&conn->rx, len);
    if (conn->rx.tail - conn->rx_told >= WINDOW_STEP) {
        conn->rx_told = conn->rx.tail;
        work_request(&conn->work, WANT_SERVICE);
    }
    *out_len = len;
    return STATUS_OK;
}

enum status conn_write(struct conn *conn, const void *data, size_t len, size_t *out_len)
{
    enum conn_state state = conn_state(conn);
    if (state == CONN_FAILED)
        return STATUS_IO;
    uint32_t n = (uint32_t)min_u64(ring_space(&conn->tx), len);
    if ((state != CONN_OPEN && state != CONN_HALF) || n == 0)
        return STATUS_AGAIN;
    ring_put_at(&conn->tx, 0, data, n);
    ring_publish(&conn->tx, n);
    work_request(&conn->work, WANT_SERVICE);
    *out_len = n;
    return STATUS_OK;
}

size_t conn_unsent(const struct conn *conn)
{
    return ring_used(&conn->tx) + atomic_load(&conn->in_flight);
}

void conn_shutdown(struct conn *conn)
{
    work_request(&conn->work, WANT_SHUTDOWN);
}

void conn_close(struct conn *conn)
{
    if (conn != NULL)
        work_leave(&conn->work, WANT_CLOSE);
}

void conn_abort(struct conn *conn)
{
    if (conn != NULL)
        work_leave(&conn->work, WANT_ABORT);
}

/* ---- the net task's side ---- */

static void conn_fail(struct conn *conn, enum conn_failure failure)
{
    conn->pcb = NULL;
    atomic_store(&conn->failure, failure);
    atomic_store(&conn->state, CONN_FAILED);
    if (conn->closing)
        work_request(&conn->work, WANT_SERVICE);
    work_signal(&conn->work);
}

/* Gives lwIP what is in the ring and tells it what the owner has read. */
static void conn_pump(struct conn *conn)
{
    struct tcp_pcb *pcb = conn->pcb;
    const uint8_t *data;
    uint32_t len, sent = 0;
    if (pcb == NULL)
        return;
    for (uint32_t freed = atomic_load(&conn->rx.tail) - conn->rx_window; freed > 0;) {
        uint16_t step = freed > 0xffff ? 0xffff : (uint16_t)freed;
        tcp_recved(pcb, step);
        conn->rx_window += step;
        freed -= step;
    }
    if (conn->state != CONN_OPEN && conn->state != CONN_HALF)
        return;
    while (!conn->fin_sent && tcp_sndbuf(pcb) > 0 &&
           (len = ring_piece(&conn->tx, &data)) > 0) {
        len = (uint32_t)min_u64(min_u64(len, tcp_sndbuf(pcb)), 0xffff);
        if (tcp_write(pcb, data, (uint16_t)len, TCP_WRITE_FLAG_COPY) != ERR_OK)
            break; /* lwIP's queue is full: sent() comes back here */
        atomic_add(&conn->in_flight, len);
        ring_consume(&conn->tx, len);
        sent += len;
    }
    if (conn->shutdown && !conn->fin_sent && ring_used(&conn->tx) == 0)
        conn->fin_sent = tcp_shutdown(pcb, 0, 1) == ERR_OK;
    tcp_output(pcb);
    if (sent > 0)
        work_signal(&conn->work);
}

static err_t conn_received(void *arg, struct tcp_pcb *pcb, struct pbuf *chain, err_t err)
{
    struct conn *conn = arg;
    if (chain == NULL) {
        atomic_store(&conn->peer_ended, true);
        if (conn->state == CONN_OPEN)
            atomic_store(&conn->state, CONN_HALF);
        work_signal(&conn->work);
        return ERR_OK;
    }
    if (conn->closing || err != ERR_OK) {
        tcp_recved(pcb, chain->tot_len);
        pbuf_free(chain);
        return ERR_OK;
    }
    if (chain->tot_len > ring_space(&conn->rx))
        return ERR_MEM; /* lwIP keeps it and offers it again */
    uint32_t at = 0;
    for (const struct pbuf *p = chain; p != NULL; p = p->next) {
        ring_put_at(&conn->rx, at, p->payload, p->len);
        at += p->len;
    }
    ring_publish(&conn->rx, at);
    pbuf_free(chain);
    work_signal(&conn->work);
    return ERR_OK;
}

static err_t conn_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
    struct conn *conn = arg;
    (void)pcb;
    atomic_sub(&conn->in_flight, len);
    conn_pump(conn);
    if (conn->closing)
        work_request(&conn->work, WANT_SERVICE);
    else if (atomic_load(&conn->in_flight) == 0)
        work_signal(&conn->work);
    return ERR_OK;
}

/* lwIP has freed the control block. */
static void conn_ended(void *arg, err_t err)
{
    struct conn *conn = arg;
    if (err == ERR_CLSD) { /* both directions have ended in order */
        conn->pcb = NULL;
        atomic_store(&conn->peer_ended, true);
        atomic_store(&conn->state, CONN_HALF);
        work_signal(&conn->work);
        return;
    }
    bool open = conn->state == CONN_OPEN || conn->state == CONN_HALF;
    if (err == ERR_RST)
        conn_fail(conn, open ? CONN_FAILURE_RESET : CONN_FAILURE_REFUSED);
    else
        conn_fail(conn, CONN_FAILURE_TIMEOUT);
}

static void conn_attach(struct conn *conn, struct tcp_pcb *pcb)
{
    conn->pcb = pcb;
    tcp_arg(pcb, conn);
    tcp_recv(pcb, conn_received);
    tcp_sent(pcb, conn_sent);
    tcp_err(pcb, conn_ended);
    tcp_nagle_disable(pcb); /* the ring already gathers what is written together */
    ip_set_option(pcb, SOF_KEEPALIVE);
}

static struct tcp_pcb *conn_detach(struct conn *conn)
{
    struct tcp_pcb *pcb = conn->pcb;
    conn->pcb = NULL;
    if (pcb != NULL) {
        tcp_arg(pcb, NULL);
        tcp_recv(pcb, NULL);
        tcp_sent(pcb, NULL);
        tcp_err(pcb, NULL);
    }
    return pcb;
}

static void conn_now_open(struct conn *conn)
{
    ipaddr_ntoa_r(&conn->pcb->remote_ip, conn->peer.text, sizeof conn->peer.text);
    conn->peer_port = conn->pcb->remote_port;
    atomic_store(&conn->state, CONN_OPEN);
}

static err_t conn_connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
    struct conn *conn = arg;
    (void)pcb;
    (void)err;
    conn_now_open(conn);
    work_signal(&conn->work);
    return ERR_OK;
}

static void conn_connect(struct conn *conn, const ip_addr_t *address)
{
    struct tcp_pcb *pcb = tcp_new_ip_type(IP_GET_TYPE(address));
    if (pcb == NULL) {
        conn_fail(conn, CONN_FAILURE_MEMORY);
        return;
    }
    conn_attach(conn, pcb);
    atomic_store(&conn->state, CONN_CONNECTING);
    err_t err = tcp_connect(pcb, address, conn->peer_port, conn_connected);
    if (err == ERR_OK)
        return;
    tcp_abort(conn_detach(conn));
    conn_fail(conn, err == ERR_RTE ? CONN_FAILURE_ROUTE : CONN_FAILURE_MEMORY);
}

/* Without an address of our own from which that one can be reached, conn_configured() starts anew, later. */
static void conn_reach(struct conn *conn, const ip_addr_t *address)
{
    if (ip_addr_isloopback(address) || net_interface_reaches(address))
        conn_connect(conn, address);
}

static void conn_resolved(const char *name, const ip_addr_t *address, void *arg)
{
    struct lookup *lookup = arg;
    struct conn *conn = lookup->conn;
    (void)name;
    heap_free(lookup);
    if (conn == NULL)
        return;
    conn->lookup = NULL;
    if (address == NULL)
        conn_fail(conn, CONN_FAILURE_NAME);
    else
        conn_reach(conn, address);
}

/* Goes on as far as the addresses that we have allow: looks a name up, asks for its address in the family that we have
 * first, and connects. What cannot go on waits for conn_configured(). */
static void conn_start(struct conn *conn)
{
    ip_addr_t address;
    uint8_t family;
    if (conn->lookup != NULL || conn->state != CONN_RESOLVING)
        return;
    if (ipaddr_aton(conn->host, &address)) {
        conn_reach(conn, &address);
        return;
    }
    if (!net_interface_resolves(&family))
        return;
    struct lookup *lookup = heap_new(struct lookup);
    if (lookup == NULL) {
        conn_fail(conn, CONN_FAILURE_MEMORY);
        return;
    }
    lookup->conn = conn;
    conn->lookup = lookup;
    err_t err = dns_gethostbyname_addrtype(conn->host, &address, conn_resolved, lookup,
                                           family == IPADDR_TYPE_V6
                                               ? LWIP_DNS_ADDRTYPE_IPV6_IPV4
                                               : LWIP_DNS_ADDRTYPE_IPV4_IPV6);
    if (err == ERR_INPROGRESS)
        return;
    conn->lookup = NULL;
    heap_free(lookup);
    if (err == ERR_OK)
        conn_reach(conn, &address);
    else
        conn_fail(conn, CONN_FAILURE_NAME);
}

void conn_configured(void)
{
    struct work *work, *following;
    list_for_each_safe(work, following, &net.objects, link) if (work->kind == WORK_CONN)
        conn_start(container_of(work, struct conn, work));
}

static void conn_free(struct conn *conn)
{
    work_unlink(&conn->work);
    if (conn->lookup != NULL)
        conn->lookup->conn = NULL;
    ring_fini(&conn->rx);
    ring_fini(&conn->tx);
    heap_free(conn);
}

static void conn_reset(struct conn *conn)
{
    struct tcp_pcb *pcb = conn_detach(conn);
    if (pcb != NULL)
        tcp_abort(pcb);
    conn_free(conn);
}

/* The owner has left: frees the connection as soon as lwIP has all that was written. Not inside a callback. */
static void conn_finish(struct conn *conn)
{
    bool open = conn->state == CONN_OPEN || conn->state == CONN_HALF;
    if (conn->pcb == NULL || !open) {
        conn_reset(conn);
        return;
    }
    if (ring_used(&conn->tx) > 0)
        return;
    /* What was not read counts as read: else lwIP would reset the connection. */
    uint32_t unread = ring_used(&conn->rx);
    ring_consume(&conn->rx, unread);
    conn_pump(conn);
    struct tcp_pcb *pcb = conn_detach(conn);
    if (tcp_close(pcb) != ERR_OK)
        tcp_abort(pcb);
    conn_free(conn);
}

void conn_work(struct conn *conn, uint32_t wants)
{
    if (wants & WANT_OPEN) {
        work_link(&conn->work);
        conn_start(conn);
    }
    if (wants & WANT_SHUTDOWN)
        conn->shutdown = true;
    if (wants & WANT_ABORT) {
        conn_reset(conn);
        return;
    }
    if ((wants & WANT_CLOSE) && !conn->closing) {
        conn->closing = true;
        conn->linger_ns = clock_ns() + CONN_LINGER_S * NS_PER_S;
    }
    conn_pump(conn);
    if (conn->closing)
        conn_finish(conn);
}

uint64_t conn_expire(uint64_t now_ns)
{
    struct work *work, *following;
    uint64_t next_ns = 0;
    list_for_each_safe(work, following, &net.objects, link)
    {
        struct conn *conn = container_of(work, struct conn, work);
        if (work->kind != WORK_CONN || !conn->closing)
            continue;
        if (conn->linger_ns <= now_ns)
            conn_reset(conn);
        else if (next_ns == 0 || conn->linger_ns < next_ns)
            next_ns = conn->linger_ns;
    }
    return next_ns;
}

struct conn *conn_accepted(struct tcp_pcb *pcb)
{
    struct conn *conn = conn_new(NULL);
    if (conn == NULL)
        return NULL;
    conn_attach(conn, pcb);
    conn_now_open(conn);
    work_link(&conn->work);
    return conn;
}
