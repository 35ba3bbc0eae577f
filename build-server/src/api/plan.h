/* The dry run: what a swap to a commit would do on each machine.
 * SPDX-License-Identifier: MIT */
#ifndef NEURATH_API_PLAN_H
#define NEURATH_API_PLAN_H

#include "server.h"

/* Answers POST /api/v1/plan; parks the request while a machine is asked. Lock held (and let go while the
 * planner runs). */
void plan_answer(struct server *server, struct http_request *request,
                 struct http_answer *answer);

#endif
