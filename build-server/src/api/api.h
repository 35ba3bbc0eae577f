/* The handlers of the two listeners.
 * SPDX-License-Identifier: MIT */
#ifndef NEURATH_API_API_H
#define NEURATH_API_API_H

#include "server.h"

/* Handlers for struct http_config; the context is the struct server. */
void api_machine(void *server, struct http_request *request, struct http_answer *answer);
void api_operator(void *server, struct http_request *request, struct http_answer *answer);

#endif
