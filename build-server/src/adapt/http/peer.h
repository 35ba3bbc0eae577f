/* Who is at the other end of a TLS connection.
 * SPDX-License-Identifier: MIT */
#ifndef NEURATH_ADAPT_HTTP_PEER_H
#define NEURATH_ADAPT_HTTP_PEER_H

#include <microhttpd.h>
#include <stddef.h>

/* Writes the common name of the client's certificate when it gave one that the listener's CA signed
 * and that is meant for clients; an empty string otherwise. */
void peer_common_name(struct MHD_Connection *connection, char *out_name, size_t capacity);

#endif
