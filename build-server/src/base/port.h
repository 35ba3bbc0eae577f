/* TCP ports on this machine that a listener may take.
 * SPDX-License-Identifier: MIT */
#ifndef NEURATH_BASE_PORT_H
#define NEURATH_BASE_PORT_H

#include <stdbool.h>

/* True if 127.0.0.1:PORT can be listened on now. Connections in TIME_WAIT do not make a port used. */
bool port_is_free(unsigned port);

/* A port that is free on 127.0.0.1 now; 0 if there is none.
 * It lies below the ports that the system gives to outgoing connections (ip_local_port_range), so that none of those
 * takes it while a service that keeps its port is away for a restart. Chosen at random: two who ask at the same time
 * hardly get the same one; who finds it taken asks again. */
unsigned port_find_free(void);

#endif
