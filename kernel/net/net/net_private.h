/* What the files of the net cell share: rings, work items, and the objects that other tasks hold. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_NET_NET_PRIVATE_H
#define NEURATH_NET_NET_PRIVATE_H

/* Two sides touch an object: its owner (the task that opened it) and the net task.
 *
 * Invariants (tests cite the numbers):
 *  1. Only the net task enters lwIP; lwIP's callbacks run inside the net task.
 *  2. A ring has one producer and one consumer: rx is filled by the net task and emptied by the owner, tx the other
 *     way. `head` is written by the producer, `tail` by the consumer.
 *  3. The owner asks for things by flags in `wants`, set under net.lock together with queueing the object; the net
 *     task takes them under the same lock. After WANT_CLOSE the owner never touches the object again, and only the
 *     net task frees it.
 *  4. The owner's event is signalled only under the object's lock and only until the owner has left, so an event
 *     of the owner's may end as soon as close returns.
 *  5. No pointer to a literal or a function of this cell is kept in an object, but for addresses that lwIP gets
 *     as callbacks (entry stubs): objects outlive the version that made them.
 * Fields: [I] immutable, [o] owner only, [n] net task only, [a] atomic, [q] under net.lock, [L] under the object's lock. */

#include "net.h"

#include <lib/base/atomic.h>
#include <lib/base/list.h>
#include <lwip/ip_addr.h>
#include <task/spinlock/spinlock.h>
#include <task/task/task.h>

struct netif;
struct nic;
struct tcp_pcb;
struct udp_pcb;

/* ---- rings of bytes ---- */

struct ring {
    uint8_t *data; /* [I] */
    uint32_t len;  /* [I] a power of two */
    uint32_t head; /* [a] counts bytes put in */
    uint32_t tail; /* [a] counts bytes taken out */
};

/* STATUS_FULL: no memory. */
NODISCARD enum status ring_init(struct ring *ring, uint32_t len);
void ring_fini(struct ring *ring);
uint32_t ring_used(const struct ring *ring);
uint32_t ring_space(const struct ring *ring);
/* Copies to the place SKIP bytes behind the head without publishing; the caller has checked the space. */
void ring_put_at(struct ring *ring, uint32_t skip, const void *data, uint32_t len);
void ring_publish(struct ring *ring, uint32_t len);
/* Copies from the place SKIP bytes behind the tail without consuming. */
void ring_get_at(const struct ring *ring, uint32_t skip, void *out, uint32_t len);
void ring_consume(struct ring *ring, uint32_t len);
/* The longest contiguous piece at the tail: lends *out_data. */
uint32_t ring_piece(const struct ring *ring, const uint8_t **out_data);

/* ---- objects ---- */

enum work_kind { WORK_CONN, WORK_LISTENER, WORK_DATAGRAM };

enum {
    WANT_SERVICE = 1, /* look at the rings */
    WANT_OPEN = 2,
    WANT_SHUTDOWN = 4,
    WANT_CLOSE = 8,
    WANT_ABORT = 16,
};

/* The head of each object. */
struct work {
    enum work_kind kind; /* [I] */
    uint32_t wants;      /* [q] */
    bool queued;         /* [q] */
    struct work *next;   /* [q] */
    struct list link;    /* [q] on net.objects, once the net task knows it */
    struct spinlock lock;
    bool left;           /* [L] the owner has closed it */
    struct event *event; /* [L] */
    struct event own_event;
};

void work_init(struct work *work, enum work_kind kind, struct event *event);
/* Adds WANTS and lets the net task look at it. Any task. */
void work_request(struct work *work, uint32_t wants);
/* The owner leaves: no event is signalled after this. Then WORK belongs to the net task. */
void work_leave(struct work *work, uint32_t wants);
/* Tells the owner, if it is still there. */
void work_signal(struct work *work);
/* Puts it among the objects that the shell shows; and off again. */
void work_link(struct work *work);
void work_unlink(struct work *work);

enum conn_failure {
    CONN_FAILURE_NONE,
    CONN_FAILURE_NAME,    /* no such host, or no answer from the name server */
    CONN_FAILURE_REFUSED, /* reset by the peer before it was open */
    CONN_FAILURE_RESET,
    CONN_FAILURE_TIMEOUT,
    CONN_FAILURE_ROUTE,
    CONN_FAILURE_MEMORY,
    CONN_FAILURE_CLOSED, /* aborted by us */
};

/* A question to the name server; lwIP cannot be told to forget one, so it may outlive its connection. */
struct lookup {
    struct conn *conn; /* [n] NULL: the connection is gone */
};

struct conn {
    struct work work;
    enum conn_state state;     /* [a] written by the net task */
    enum conn_failure failure; /* [a] */
    struct ring rx, tx;
    uint32_t rx_window; /* [n] bytes of rx that lwIP has been told are free again, as a count like rx.tail */
    uint32_t rx_told; /* [o] rx.tail when the net task was last asked to open the window */
    uint32_t in_flight;    /* [a] bytes given to lwIP and not acknowledged */
    struct tcp_pcb *pcb;   /* [n] NULL: none (any more) */
    struct lookup *lookup; /* [n] */
    bool shutdown;         /* [n] our direction is to end when tx is empty */
    bool fin_sent;         /* [n] */
    bool peer_ended;       /* [a] */
    bool closing;          /* [n] the owner has left; free when tx has drained */
    uint64_t linger_ns;    /* [n] deadline of closing */
    char host[NET_HOST_LEN_MAX + 1]; /* [I] */
    struct net_address peer;         /* [I] from CONN_OPEN on */
    uint16_t peer_port;
};

enum { LISTENER_QUEUE = 32 };

struct listener {
    struct work work;
    uint16_t port;       /* [I] */
    bool failed;         /* [a] the port was taken */
    struct tcp_pcb *pcb; /* [n] */
    uint32_t head, tail; /* [a] as in a ring: head by the net task, tail by the owner */
    struct conn *queue[LISTENER_QUEUE];
};

enum { DATAGRAM_RING_LEN = 128 * 1024 };

struct datagram {
    struct work work;
    uint16_t port; /* [I] */
    bool failed;   /* [a] */
    struct ring rx, tx;
    uint64_t lost;       /* [a] */
    struct udp_pcb *pcb; /* [n] */
};

/* Each handles what was wanted, in the net task. They may free the object. */
void conn_work(struct conn *conn, uint32_t wants);
void listener_work(struct listener *listener, uint32_t wants);
void datagram_work(struct datagram *datagram, uint32_t wants);
/* Goes on with connections that have waited for an address of our own, or for a name server. */
void conn_configured(void);
/* Ends connections whose owner left and that have lingered too long; returns the next such time, 0: none. */
uint64_t conn_expire(uint64_t now_ns);
/* Makes the object of a connection that lwIP accepted; NULL: no memory. Net task. */
struct conn *conn_accepted(struct tcp_pcb *pcb);

/* ---- the net task ---- */

enum { NET_FRAME_LEN_MAX = 1536 };

struct net {
    struct spinlock lock;
    struct work *work;   /* [q] queued objects, newest first */
    struct list objects; /* [q] */
    struct event *wake; /* [I] what the net task waits for: the card's event, or own_wake */
    struct event own_wake;
    struct event changed;      /* link or address */
    struct nic *nic;           /* [I] NULL: no card */
    struct net_status status;  /* [q] addresses; counters are filled in when asked */
    uint64_t rx_lost, tx_lost; /* [a] by the net task: no memory, no room */
    uint64_t steps;            /* [a] */
    uint64_t probe_ns;         /* [a] when somebody last asked for the tests */
    uint64_t probe_sent_ns;    /* [n] */
    uint64_t busy_ns;          /* [n] time on a processor that no pause has made up for */
    uint64_t ended_ns;         /* [n] the last step */
    uint64_t gateway_ns;       /* [a] when the gateway last answered; 0: never */
    uint64_t reception_ns;     /* [a] when the last frame arrived; 0: never */
    bool started;
};

extern struct net net;

/* Wakes the net task. Any context. */
void net_wake(void);

/* netif.c: lwIP's view of the card. All in the net task. */
void net_interface_start(void);
/* Hands up to LIMIT received frames to lwIP; true when more may be waiting. */
bool net_interface_receive(unsigned limit);
/* Follows the card's link state. */
void net_interface_link(void);
/* Whether we have an address from which TARGET may be reached. */
bool net_interface_reaches(const ip_addr_t *target);
/* Whether a name can be looked up; then the family to ask for first, IPADDR_TYPE_V4 or IPADDR_TYPE_V6. */
bool net_interface_resolves(uint8_t *out_family);
/* Asks the gateway for its link address, if there is a gateway: of IPv4, else of IPv6. */
void net_interface_probe(void);
/* Copies the addresses to net.status, and lets connections go on that have waited for one. */
void net_interface_publish(void);

/* shell.c */
void net_shell_start(void);

#endif
