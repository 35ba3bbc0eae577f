/* A TLS server in memory, by GnuTLS as in the build server, behind the connection API that the tls cell uses. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_TLS_PEER_H
#define NEURATH_TESTS_TLS_PEER_H

#include "certificates.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conn;

struct peer_options {
    struct pem certificate, key;
    struct pem client_ca; /* len 0: no client certificate is asked for */
    const char *priority;
};

/* Starts the server's side; the tls cell talks to it through the connection. */
void peer_start(const struct peer_options *options);
void peer_stop(void);
struct conn *peer_conn(void);

/* Lets the server do what it can. */
void peer_run(void);
bool peer_ready(void);                   /* its handshake is done */
size_t peer_read(void *out, size_t cap); /* 0: nothing */
void peer_write(const void *data, size_t len);
void peer_say_goodbye(void); /* close_notify, then the end of the connection */
void peer_cut(void);         /* the end of the connection, without a word */
void peer_throttle(
    size_t len); /* at most LEN bytes a read or write of the connection; 0: no limit */
void peer_flip_bit(void); /* in the next byte that reaches the client */
/* Common name of the certificate that the client has shown; "" for none. */
const char *peer_client_name(void);

#endif
