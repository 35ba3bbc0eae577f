/* What happened lately, for server-sent events: a ring of rows that any number of readers follow.
 * SPDX-License-Identifier: MIT
 *
 * Memory is bounded by the ring, not by readers: a reader that falls behind, or comes back with an id
 * that has left the ring, is told to reload. Ids rise, also over restarts. Any thread. */
#ifndef NEURATH_API_EVENTS_H
#define NEURATH_API_EVENTS_H

#include "adapt/http/http.h"
#include "base/json.h"

#include <stdint.h>

#define EVENTS_RING 2048
#define EVENTS_BYTES_MAX (8u * 1024 * 1024)
#define EVENTS_STREAMS_MAX 256
#define EVENTS_HEARTBEAT_MS 15000
#define EVENTS_KEY "events"

struct events;

struct events *events_create(void);
void events_destroy(struct events *events);

/* Adds the event NAME with ROW (TAKEN) as its data, and wakes the streams of LISTENER (may be NULL). */
void events_publish(struct events *events, struct http_listener *listener,
                    const char *name, json_t *row);

/* Id of the newest event. */
int64_t events_newest(struct events *events);

/* Answers a request with a stream that begins after the event AFTER (0: from now). 503 when there are
 * too many streams. */
void events_answer(struct events *events, int64_t after, struct http_answer *answer);

#endif
