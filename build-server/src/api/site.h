/* What the operators' listener serves besides the API: the dashboard's files, metrics, health.
 * SPDX-License-Identifier: MIT */
#ifndef NEURATH_API_SITE_H
#define NEURATH_API_SITE_H

#include "server.h"

/* A file of the dashboard. No lock needed. */
void site_file(struct server *server, struct http_request *request,
               struct http_answer *answer);

/* Headers that every answer of this listener carries. */
void site_headers(struct http_answer *answer);

/* Lock held. */
void site_metrics(struct server *server, struct http_answer *answer);
void site_health(struct server *server, struct http_answer *answer);

#endif
