/* Talks to the server: JSON requests, and the stream of events.
 * SPDX-License-Identifier: MIT
 *
 * One struct http, one user at a time. Answers are bounded (64 MiB), redirects are not followed,
 * no proxy is used for loopback. Errors of the server ({code, text}) become failures as they are. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "place.h"

struct http;

/* Connects to nothing yet. GIVES *out (http_destroy). */
bool http_create(const struct place_server *server, struct http **out,
                 struct failure *failure);
void http_destroy(struct http *http);

/* For variables that end it themselves: http_destroy() with their value. */
void http_release(struct http **http);
#define HTTP_OWNED __attribute__((cleanup(http_release)))

/* Finds the server as place_find_server() does and makes a client for it. */
bool http_open(const struct invocation *invocation, struct http **out,
               struct failure *failure);

/* The server that HTTP talks to; lives as long as HTTP. */
const struct place_server *http_server(const struct http *http);

/* GET, POST or PUT of PATH (such as "/api/v1/status"). GIVES *out (json_decref). BODY may be
 * NULL. */
bool http_get(struct http *http, const char *path, json_t **out, struct failure *failure);
bool http_send(struct http *http, const char *method, const char *path,
               const json_t *body, json_t **out, struct failure *failure);

/* GET of a text. GIVES a terminated string (free()). */
bool http_get_text(struct http *http, const char *path, char **out,
                   struct failure *failure);

/* How long a single request may take; 30 s unless set. */
void http_set_timeout(struct http *http, long timeout_ms);

/* Writes VALUE into OUT as it may stand in a query or path. */
void http_escape(const char *value, char *out, size_t out_len);

/* Called for each event: its NAME, its DATA (borrowed) and ID (0: none). Return false to end. */
typedef bool (*http_event_fn)(void *context, const char *name, json_t *data, int64_t id);

/* Called when the connection is lost (why) and when it is back (NULL). Return false to end. */
typedef bool (*http_connection_fn)(void *context, const char *why);

/* Follows the events after id AFTER (-1: from now on) until a callback returns false or *STOP
 * becomes non-zero. Reconnects with growing pauses, resuming after the last id. true: ended as
 * asked; false: the server refuses for good (such as a wrong token). Calls on_event with NAME
 * NULL about once a second, so that the caller can look at the clock. */
bool http_follow(struct http *http, int64_t after, http_event_fn on_event,
                 http_connection_fn on_connection, void *context,
                 const volatile int *stop, struct failure *failure);
