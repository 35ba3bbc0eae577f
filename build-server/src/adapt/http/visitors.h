/* Connections, and until when each may take over its next request: one that lets single bytes trickle would hold its
 * place for ever, because each byte begins the library's timeout anew.
 * SPDX-License-Identifier: MIT
 *
 * Times are monotonic milliseconds. Any thread. */
#ifndef NEURATH_ADAPT_HTTP_VISITORS_H
#define NEURATH_ADAPT_HTTP_VISITORS_H

#include <pthread.h>
#include <stdint.h>

struct visitor;

struct visitors {
    pthread_mutex_t lock;
    struct visitor *list; /* [L] */
};

void visitors_init(struct visitors *visitors);
/* All have left. */
void visitors_fini(struct visitors *visitors);

/* The socket FD, which stays its owner's, was accepted. GIVES (visitor_leaves()); NULL without memory: it is not watched. */
struct visitor *visitor_arrives(struct visitors *visitors, int fd, int64_t deadline_ms);
/* INT64_MAX: it may take as long as it likes. VISITOR may be NULL, here and below. */
void visitor_has_until(struct visitors *visitors, struct visitor *visitor,
                       int64_t deadline_ms);
/* Before the socket is closed. */
void visitor_leaves(struct visitors *visitors, struct visitor *visitor);

/* Shuts down the sockets of those that are late; gives the nearest deadline, or INT64_MAX. */
int64_t visitors_tick(struct visitors *visitors, int64_t now_ms);

#endif
