/* A list of connections with deadlines.
 * SPDX-License-Identifier: MIT */
#include "adapt/http/visitors.h"

#include <stdlib.h>
#include <sys/socket.h>

struct visitor {
    int fd;
    int64_t deadline_ms;
    struct visitor *next;
    struct visitor **link;
};

void visitors_init(struct visitors *visitors)
{
    pthread_mutex_init(&visitors->lock, NULL);
    visitors->list = NULL;
}

void visitors_fini(struct visitors *visitors)
{
    pthread_mutex_destroy(&visitors->lock);
}

struct visitor *visitor_arrives(struct visitors *visitors, int fd, int64_t deadline_ms)
{
    struct visitor *visitor = calloc(1, sizeof *visitor);
    if (visitor == NULL)
        return NULL;
    visitor->fd = fd;
    visitor->deadline_ms = deadline_ms;
    pthread_mutex_lock(&visitors->lock);
    visitor->next = visitors->list;
    visitor->link = &visitors->list;
    if (visitor->next != NULL)
        visitor->next->link = &visitor->next;
    visitors->list = visitor;
    pthread_mutex_unlock(&visitors->lock);
    return visitor;
}

void visitor_has_until(struct visitors *visitors, struct visitor *visitor,
                       int64_t deadline_ms)
{
    if (visitor == NULL)
        return;
    pthread_mutex_lock(&visitors->lock);
    visitor->deadline_ms = deadline_ms;
    pthread_mutex_unlock(&visitors->lock);
}

void visitor_leaves(struct visitors *visitors, struct visitor *visitor)
{
    if (visitor == NULL)
        return;
    pthread_mutex_lock(&visitors->lock);
    *visitor->link = visitor->next;
    if (visitor->next != NULL)
        visitor->next->link = visitor->link;
    pthread_mutex_unlock(&visitors->lock);
    free(visitor);
}

int64_t visitors_tick(struct visitors *visitors, int64_t now_ms)
{
    int64_t nearest = INT64_MAX;
    pthread_mutex_lock(&visitors->lock);
    for (struct visitor *at = visitors->list; at != NULL; at = at->next) {
        if (at->deadline_ms <= now_ms) {
            shutdown(at->fd, SHUT_RDWR); /* the library then ends the connection */
            at->deadline_ms = INT64_MAX;
        } else if (at->deadline_ms < nearest) {
            nearest = at->deadline_ms;
        }
    }
    pthread_mutex_unlock(&visitors->lock);
    return nearest;
}
