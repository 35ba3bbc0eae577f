/* What the files of the network test's server share. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_NETWORK_PEER_H
#define NEURATH_TESTS_NETWORK_PEER_H

#include "../../../unit/kernel/tls/tls/certificates.h"

#include <microhttpd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* Certificates that exist once per run; the machine fetches those that it is to use. */
struct peer_pems {
    struct pem ca, other_ca;
    struct pem server, server_key;
    struct pem client, client_key;
    struct pem foreign, foreign_key; /* of the other CA */
};
extern struct peer_pems peer_pems;

/* Ports on 127.0.0.1 behind which QEMU forwards to port 7 of the machine. */
extern uint16_t peer_tcp_port, peer_udp_port;

/* Byte AT of every body that is not text. */
static inline uint8_t pattern_byte(uint64_t at)
{
    return (uint8_t)((at * 2654435761u) >> 13);
}

/* Requests that this connection has carried, this one included. */
unsigned peer_request_number(struct MHD_Connection *connection);

/* Answers a GET. */
enum MHD_Result answer_get(struct MHD_Connection *connection, const char *path);
enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned status,
                            const char *text);

/* Takes the machine's link down for MS milliseconds; 0 when that was done. */
int link_pull(unsigned ms);

/* Answers questions on port 53 of 127.0.0.1 and ::1 about these names; for a network of the test's own. */
#define PEER_NAME_4 "server.neurath.test"
#define PEER_NAME_6 "six.neurath.test"
#define PEER_NAME_BOTH "both.neurath.test"
void names_start(void);

/* Pings the machine as a neighbour on its wire, that is: QEMU's datagram network between this port and the next. */
enum { PEER_WIRE_PORT = 4000 };
int neighbour_ping6(unsigned count, char *out, size_t cap);

/* Exercises the machine's echo; 0 when all came back, with words in OUT either way. END, when not
 * NULL, ends it early. */
enum { ECHO_UDP_MAX = 600000 };
int echo_tcp(size_t len, char *out, size_t cap);
int echo_udp(unsigned count, unsigned interval_us, volatile sig_atomic_t *end, char *out,
             size_t cap);
int echo_connections(unsigned count, char *out, size_t cap);
/* Block after block over one connection until *end; within a block, both directions at once. */
int echo_stream_until(volatile sig_atomic_t *end, size_t block_len, char *out, size_t cap);

#endif
