/* What this host, not a machine, has lost. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_NETWORK_DROPS_H
#define NEURATH_TESTS_NETWORK_DROPS_H

#include <stdint.h>

/* Messages that this host itself has dropped so far, having no room, at its sockets of UDP port A or B: the process
 * behind a socket, ours or QEMU, was not given a CPU in time. */
unsigned udp_drops(uint16_t a, uint16_t b);

#endif
