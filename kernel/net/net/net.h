/* The network as other tasks use it: TCP connections, listeners, UDP endpoints, status. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_NET_NET_NET_H
#define NEURATH_NET_NET_NET_H

/* One task, `net`, runs all lwIP code. Everyone else works on objects with rings in
 * memory: no call here waits, none enters lwIP. Where a call cannot proceed it returns
 * STATUS_AGAIN; wait for the object's event and call again:
 *
 *     seq = event_seq(conn_event(c));
 *     s = conn_read(c, buf, sizeof buf, &len);
 *     if (s == STATUS_AGAIN) return wait_event(conn_event(c), seq, deadline_ns);
 *
 * Each object belongs to the task that opened or accepted it and is used by one task at a
 * time. Closing takes the object; data already written is still sent, within
 * CONN_LINGER_S. */

#include <lib/base/status.h>
#include <lib/base/types.h>

struct event;
struct conn;
struct listener;
struct datagram;

enum {
    NET_HOST_LEN_MAX = 253,
    CONN_RING_LEN = 64 * 1024,
    CONN_LINGER_S = 10,
    DATAGRAM_LEN_MAX = 1472
};

/* Text of an address (IPv4 or IPv6) or "" when there is none. */
struct net_address {
    char text[48];
};

/* ---- TCP ---- */

enum conn_state {
    CONN_RESOLVING, /* waiting for an address of our own, or the name is being looked up */
    CONN_CONNECTING, /* waiting for the peer */
    CONN_OPEN,       /* both directions */
    CONN_HALF,   /* the peer has ended its direction; reading drains what came, writing */
                 /* still works */
    CONN_FAILED, /* could not be opened, or was reset; see conn_error() */
};

/* Starts to open a connection to HOST (a name or an address in text) and PORT. It waits until the machine has an address
 * of the host's family, without limit: the caller has a deadline. A name means an IPv4 address, if it has one and so
 * has the machine.
 * EVENT, when not NULL, is signalled instead of an event of the connection's own; it must
 * outlive conn_close(). Gives *out_conn; end it with conn_close(). STATUS_INVALID: host;
 * STATUS_FULL: memory. */
NODISCARD enum status conn_open(const char *host, uint16_t port, struct event *event,
                                struct conn **out_conn);

enum conn_state conn_state(const struct conn *conn);
/* Why it failed, in words; "" when it did not. Lends a constant text. */
const char *conn_error(const struct conn *conn);
/* Peer's address; empty until known. */
void conn_peer(const struct conn *conn, struct net_address *out_address,
               uint16_t *out_port);
/* Signalled whenever a call that was STATUS_AGAIN could give another answer. */
struct event *conn_event(struct conn *conn);

/* Reads 1..CAP bytes. STATUS_AGAIN: nothing yet; STATUS_CLOSED: the peer ended and all was
 * read; STATUS_IO: failed. */
NODISCARD enum status conn_read(struct conn *conn, void *out, size_t cap, size_t *out_len);
/* Queues 1..LEN bytes, as many as fit. STATUS_AGAIN: no room, or not open yet; STATUS_IO:
 * failed. */
NODISCARD enum status conn_write(struct conn *conn, const void *data, size_t len,
                                 size_t *out_len);
/* Bytes written but not yet acknowledged by the peer. */
size_t conn_unsent(const struct conn *conn);
/* Ends our direction after what was written; reading goes on. */
void conn_shutdown(struct conn *conn);
/* Takes CONN (NULL allowed). Written data is still sent unless the connection failed. */
void conn_close(struct conn *conn);
/* Takes CONN (NULL allowed) and resets the connection. */
void conn_abort(struct conn *conn);

/* Listens on PORT, IPv4 and IPv6. Gives *out_listener. The port is bound by the net task
 * a moment later: until then listener_accept() says STATUS_AGAIN, and STATUS_IO from then
 * on if the port was taken. */
NODISCARD enum status listener_open(uint16_t port, struct event *event,
                                    struct listener **out_listener);
struct event *listener_event(struct listener *listener);
/* Gives the next connection; EVENT as in conn_open(). STATUS_AGAIN: none waiting. */
NODISCARD enum status listener_accept(struct listener *listener, struct event *event,
                                      struct conn **out_conn);
void listener_close(struct listener *listener);

/* ---- UDP ---- */

struct datagram_peer {
    struct net_address address;
    uint16_t port;
};

/* Binds PORT (0: any). Gives *out_datagram; end it with datagram_close(). */
NODISCARD enum status datagram_open(uint16_t port, struct event *event,
                                    struct datagram **out_datagram);
struct event *datagram_event(struct datagram *datagram);
/* Takes the oldest message. STATUS_AGAIN: none; STATUS_FULL: longer than CAP (dropped);
 * STATUS_IO: port was taken. */
NODISCARD enum status datagram_read(struct datagram *datagram,
                                    struct datagram_peer *out_peer, void *out, size_t cap,
                                    size_t *out_len);
/* Queues one message to PEER (address in text, no names). STATUS_AGAIN: no room;
 * STATUS_INVALID: length or address. */
NODISCARD enum status datagram_write(struct datagram *datagram,
                                     const struct datagram_peer *peer, const void *data,
                                     size_t len);
/* Messages dropped because nobody read them in time. */
uint64_t datagram_lost(const struct datagram *datagram);
void datagram_close(struct datagram *datagram);

/* ---- status ---- */

struct net_status {
    bool present; /* there is a card */
    bool link;
    bool configured; /* has an address that is good for more than its own wire */
    struct net_address address, netmask, gateway; /* IPv4 */
    struct net_address dns; /* of either family; who said one last, DHCP or a router, is asked */
    struct net_address address6; /* IPv6, link-local or global; "" if none */
    struct net_address gateway6; /* the router of IPv6; "" if none */
    uint8_t mac[6];
    uint64_t rx_frames, rx_bytes, tx_frames, tx_bytes;
    uint64_t rx_lost; /* frames the card or driver dropped, or that found no memory */
    uint64_t tx_lost; /* frames the card had no room for */
    uint64_t steps;   /* of the net task */
    uint32_t conns, listeners, datagrams;
    uint64_t lease_ns; /* monotonic time at which it was configured; 0: it is not */
};
void net_status(struct net_status *out);
/* Signalled when link or address change. */
struct event *net_event(void);

/* What a machine can check of its network without any other machine than its gateway.
 * Each is judged over the last NET_TEST_WINDOW_MS; a call asks for a new probe of the
 * gateway when the last is older than a second, so a caller that wants a verdict calls
 * once a second for as long as it can wait, and takes the last answer. */
enum { NET_TEST_WINDOW_MS = 5000 };
struct net_local_tests {
    bool link;    /* the card sees a carrier */
    bool address; /* an address is configured */
    bool gateway; /* the gateway answered an ARP request, or, without IPv4, a neighbour solicitation */
    bool reception; /* any frame has arrived */
};
/* Returns whether all hold. */
bool net_local_tests(struct net_local_tests *out);

/* Start hook (phase service). */
enum status net_start(void);

#endif
