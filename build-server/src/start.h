/* Starting and stopping the service.
 * SPDX-License-Identifier: MIT */
#ifndef NEURATH_START_H
#define NEURATH_START_H

#include "server.h"

/* Everything from the state folder to open listeners and run/status.json, in the order that its file
 * describes. SERVER is zeroed but for its options. */
NODISCARD enum result server_start(struct server *server, struct problem *problem);

/* Serves until a signal; ends threads, listeners and the signer. */
void server_run(struct server *server);
void server_stop(struct server *server);

#endif
