/* The operators' lists: machines, history, releases, builds. Lock held.
 * SPDX-License-Identifier: MIT */
#ifndef NEURATH_API_LISTS_H
#define NEURATH_API_LISTS_H

#include "server.h"

void list_machines(struct server *server, struct http_request *request,
                   struct http_answer *answer);
void list_history(struct server *server, struct http_request *request,
                  struct http_answer *answer);
void list_releases(struct server *server, struct http_request *request,
                   struct http_answer *answer);
void list_builds(struct server *server, struct http_request *request,
                 struct http_answer *answer);
void list_machine_log(struct server *server, struct http_request *request,
                      struct http_answer *answer, const char *machine);

#endif
